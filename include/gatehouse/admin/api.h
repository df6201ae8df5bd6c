// Api: the daemon's own endpoints: health, metrics, accounts, registry, status, reload, OpenAPI. One table of endpoints
// (src/admin/endpoints.cpp) drives routing, the scope checks and the document at /openapi.json.
//
// Blocking work (the database, rendering metrics) runs on the offload pool, Argon2 on a small one of its own; a full pool
// answers 503.
// Owner: main. Thread: handle() on any loop; the functions in Ports must allow that. Stop: nothing runs on its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/access/accounts.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/edge/settings.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/net/address.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/module.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/state/store.h"

namespace gatehouse::admin {

// Of the last minute.
struct RateView {
  double per_second = 0;
  std::optional<double> errors{};       // share of answers of 5xx; nothing: no requests
  std::optional<double> p95_seconds{};
};
struct ListenerView {
  std::string name, address;
  std::vector<std::string> protocols;
  bool tls = false;
  std::uint64_t connections = 0;
  std::optional<RateView> rate{};  // nothing: it is too young
};
struct UpstreamView {
  std::string group, server;
  std::uint64_t connections = 0, connect_failures = 0;
};
struct McpServerView {
  std::string name, transport, state;
  std::uint64_t sessions = 0, processes = 0;
  std::string last_error;
  std::optional<double> calls_per_minute{};
};
struct ServiceView {
  std::string name, state;
  std::string why;               // it is not running as declared; empty: it is
  std::string container, address;
  std::string health;            // empty: it is not asked
  int restarts = 0;
  std::optional<std::chrono::milliseconds> next_try{};
  std::string last_exit;
};
struct StatusView {
  std::string version;
  std::string state;  // of the whole: ready, starting, stopping, failed
  double uptime_seconds = 0;
  std::vector<std::string> profiles;
  std::string config_file;       // empty: none
  runtime::WallTime loaded_at{};
  bool config_ok = true;         // false: the last reload was refused
  std::vector<std::string> restart_pending;  // keys that were changed and wait for a restart
  unsigned workers = 1;
  std::vector<ListenerView> listeners;
  std::vector<UpstreamView> upstreams;
  std::vector<McpServerView> mcp_servers;
  std::vector<ServiceView> services;
  std::vector<runtime::ModuleState> modules;
};

struct CertificateView {
  std::vector<std::string> names;
  std::string source, file;      // "file", "acme", "self_signed"; path of the chain
  runtime::WallTime not_before{}, not_after{};  // zero: there is no certificate yet
  std::string fingerprint;       // SHA-256, hex
  bool self_signed = false;
  bool replaced = false;         // a self-signed one is served instead, for its names
  std::string state;             // OK, WARNING, CRITICAL (expired, or not served)
  std::string refusal;           // why a newer file, or what is configured, is not served; empty: it is

  // Of an authority.
  std::string directory;         // who issued it; empty: nobody yet
  runtime::WallTime renewal{};   // when it will be renewed
  runtime::WallTime next_attempt{};  // not before, after failures
  int failures = 0;              // since the last success
  std::string last_error;
  bool at_work = false;
};
struct CertificatesView {
  std::string mode;
  std::vector<CertificateView> certificates;  // none: no listener speaks TLS
};

// What is done to a certificate of an authority. It may take minutes.
struct CertificateCommand {
  enum class What : std::uint8_t { kIssue, kRenew, kRevoke, kImport, kRecords };
  What what = What::kIssue;
  std::string name;
  bool force = false;            // kRenew: also when it is not due
  int reason = 0;                // kRevoke: RFC 5280, section 5.3.1
  std::string chain{};           // kImport: PEM
  Secret key{};
};
struct DnsRecordView {
  std::string name, type, value;
};
struct CertificateOutcome {
  std::optional<Error> error{};  // what the authority, the vault or the certificate says against it
  bool changed = false;          // false: it was not due
  runtime::WallTime not_after{}, renewal{};
  std::vector<DnsRecordView> records{};
};
using CertificateDone = std::function<void(CertificateOutcome)>;

struct ReloadChange {
  std::string path, before, after;
  bool needs_restart = false;
};
struct ReloadDiagnostic {
  std::string file;
  unsigned line = 0, column = 0;
  std::string path, message, slug, help;
};
struct ReloadView {
  bool ok = false;
  bool valid = true;             // false: the configuration has errors; true and not ok: it could not be put into effect
  std::vector<ReloadChange> changes;
  std::vector<ReloadDiagnostic> diagnostics;
  std::string text;              // the diagnostics as `gatehouse check` prints them
};

// What is wanted of backups, and what became of it for each of them.
struct BackupRequest {
  std::string what;              // backup, verify, drill, restore
  std::string name{}, id{};
  bool live = false;             // restore: over what is in use
  std::string confirm{};
};
struct BackupOutcome {
  std::string what, target, id;
  std::optional<Error> error;
  std::chrono::milliseconds took{0};
  std::uint64_t bytes = 0;
  std::string place, safety;     // restore: where it is now; the backup of what was there before
};

struct Ports {
  access::Accounts* accounts = nullptr;
  state::Store* store = nullptr;
  metrics::Registry* metrics = nullptr;
  runtime::OffloadPool* offload = nullptr;
  runtime::OffloadPool* hashing = nullptr;  // for what hashes passwords: slow on purpose, so nothing else waits behind it
  runtime::Clock* clock = nullptr;
  runtime::Random* random = nullptr;
  std::string version;
  std::function<std::vector<net::Cidr>()> metrics_allow;
  // Any thread; answers at once from memory. Runs on the offload pool.
  std::function<StatusView()> status;
  std::function<CertificatesView()> certificates;
  std::function<std::string()> plan;  // JSON
  std::function<Result<std::string>()> backups;  // JSON; blocks, on the offload pool
  // Any thread. `done` is called once, on loop 0, perhaps after a long time.
  std::function<void(BackupRequest request, std::function<void(std::vector<BackupOutcome>)> done)> back_up;
  // Any thread. `done` is called once, on loop 0; whoever asked posts back to its own loop.
  std::function<void(std::function<void(ReloadView)> done)> reload;
  std::function<void(CertificateCommand command, CertificateDone done)> certificate_command;
};

class Api final : public http::Handler {
 public:
  explicit Api(Ports ports);
  ~Api() override;
  runtime::Task<void> handle(http::Exchange& exchange) override;

  // The routes that lead here, for every listener (handler "admin"). Authentication is optional on all of them; the
  // table decides what each needs.
  static std::vector<edge::RouteSettings> routes();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::admin
