// Daemon: owns every part of the process and knows who knows whom. Private to app; run_daemon() makes the only one.
//
//   daemon.cpp          what exists, in which order it starts and ends
//   daemon_run.cpp      signals, drain, heartbeat
//   daemon_reload.cpp   the configuration, again
//   daemon_status.cpp   what it says of itself: status, readiness, metrics
//
// Thread: loop 0 is the main thread; what others may call says so.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "backups.h"
#include "certificates.h"
#include "issuing.h"
#include "daemon.h"
#include "gatehouse/access/accounts.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/base/access_log.h"
#include "gatehouse/config/config.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/mcp/gateway.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/runtime/notify.h"
#include "gatehouse/runtime/signals.h"
#include "gatehouse/state/open.h"
#include "mcp_observer.h"
#include "rates.h"
#include "supervision.h"
#include "watch.h"

namespace gatehouse::app {

class Daemon {
 public:
  Daemon(const RunOptions& options, config::Configuration configuration);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  ~Daemon();

  Status start();
  int run();

 private:
  Status try_listeners() const;
  Status open_state();
  void remove_sockets() const;
  Status build_edge();
  Status apply(const config::Configuration& configuration, const Certificates::SetPtr& certificates);
  std::vector<std::vector<std::string>> acme_names(const config::Configuration& configuration) const;
  edge::Settings edge_settings(const config::Configuration& configuration) const;
  void publish_accounts(std::shared_ptr<const access::KeyIndex> index);
  void declare_metrics();
  void declare_mcp_metrics();
  void declare_service_metrics();
  void declare_backup_metrics();
  void declare_usage_metrics();
  Status open_backups();
  void on_signal(int number);
  void begin_stop();
  runtime::Task<void> stop_when_drained(runtime::SteadyTime deadline);
  runtime::Task<void> beat();
  void tick();
  void maintain();
  void try_write();
  void request_reload(std::function<void(admin::ReloadView)> done);
  struct Prepared {
    config::Loaded loaded;
    // Of a configuration that is valid.
    std::optional<Result<Certificates::SetPtr>> certificates;
    std::optional<Result<Issuing::Prepared>> issuing;
    std::optional<Result<Watch::Prepared>> watch;
    Supervision::Prepared services;
  };
  Prepared prepare_reload();
  admin::ReloadView reload(Prepared prepared);
  void check_certificates();
  admin::CertificatesView certificates_view() const;
  Rates::Sample totals();
  admin::StatusView status();
  std::vector<runtime::ModuleState> modules();
  std::string overall_state(const std::vector<runtime::ModuleState>& modules) const;

  const RunOptions& options_;
  config::Configuration configuration_;
  runtime::Clock& clock_;
  runtime::Random& random_;
  runtime::Notifier notifier_;
  const runtime::SteadyTime started_;
  mutable std::mutex mutex_;  // configuration_, loaded_at_ and config_ok_, which status() reads from other threads
  runtime::WallTime loaded_at_;
  bool config_ok_ = true;
  std::vector<std::string> restart_pending_;  // keys whose new values are not in use

  metrics::Registry registry_;
  std::unique_ptr<AccessWriter> access_log_;
  std::optional<state::StateDirectory> directory_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<access::Accounts> accounts_;
  std::vector<std::unique_ptr<runtime::Loop>> loops_;
  std::vector<access::KeyUse> key_use_;
  std::shared_ptr<const access::KeyIndex> published_accounts_;  // what the loops have; changes of accounts come one by one
  std::unique_ptr<runtime::OffloadPool> offload_;
  std::unique_ptr<runtime::OffloadPool> hashing_;
  std::unique_ptr<Certificates> certificates_;
  std::unique_ptr<Issuing> issuing_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<Supervision> supervision_;
  std::unique_ptr<Backups> backups_;
  std::unique_ptr<McpObserver> mcp_observer_;
  std::unique_ptr<mcp::HttpPort> mcp_http_;
  std::unique_ptr<mcp::Gateway> gateway_;
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<edge::Server> server_;
  std::vector<std::thread> threads_;
  std::optional<runtime::Signals> signals_;
  std::vector<std::atomic<std::uint64_t>> beats_;
  std::uint64_t beat_ = 0;
  runtime::SteadyTime maintained_{};
  runtime::SteadyTime write_tried_{};
  runtime::SteadyTime certificates_checked_{};
  std::vector<metrics::HistogramId> loop_lag_;  // by loop
  Rates rates_;
  std::vector<std::function<void(admin::ReloadView)>> reload_waiting_;  // asked while another reload was under way
  bool reloading_ = false;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  bool interrupted_ = false;
  runtime::TaskGroup tasks_;  // on loop 0: heartbeat, drain
};

}  // namespace gatehouse::app
