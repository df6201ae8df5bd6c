// Issuer: gets the configured certificates from certificate authorities, keeps them in the vault, and renews them in time. Nodes
// that share a vault order each certificate once.
//
//   auto issuer = issuer::Issuer::create(services, settings);
//   group.spawn((*issuer)->run());                    // tells the observer of every certificate, the stored ones first
//
// For each certificate: a lease; a look into the vault, where another node may have been faster; a test of the storage; then the
// authorities in their order, after a failed validation with a rehearsal at their staging directory. What went wrong and when to
// come back is stored (gatehouse/acme/renewal.h). A start never waits for an authority.
//
// Errors of create(): those of tls::ClientContext. Log events: docs/reference/log.md. Owner: main; services outlive it. Thread: one
// loop. Stop: destroy the group that runs its coroutines, then it. An order that is cut off goes on after the next start.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/acme/challenge.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/acme/order.h"
#include "gatehouse/acme/renewal.h"
#include "gatehouse/acme/session.h"
#include "gatehouse/acme/vault.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::issuer {

struct AuthoritySettings {
  acme::Authority production;
  std::optional<acme::Authority> staging{};
  std::string ca_file{};          // trust in the directory's own certificate; empty: the system's
  std::string profile{};
  std::string preferred_chain{};
};

struct CertificateSettings {
  pki::Names names;               // the first one is its name in the vault
  pki::KeyType key_type = pki::KeyType::kEcdsaP256;
  bool keep_key = false;          // the same key at each renewal
  bool on_demand = false;         // forgotten when it cannot be had: whoever wants it adds it again
};

struct IssuerSettings {
  std::string node;                                // owner of leases; differs from every other process
  std::string user_agent = "gatehouse";
  std::vector<AuthoritySettings> authorities{};    // best first
  std::vector<CertificateSettings> certificates{};
  std::chrono::milliseconds tick{60'000};          // how often to look
  std::chrono::seconds lease{60};                  // renewed at a third of it
  acme::OrderLimits limits{};
  unsigned parallel = 4;                           // certificates at once
};

// Told on the loop.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void installed(const std::string& name, std::shared_ptr<const tls::Certificate> certificate) = 0;
  virtual void failed(const std::string& name, const acme::Failure& failure) = 0;
};

struct Services {
  client::Network network;
  runtime::OffloadPool& pool;
  runtime::Random& random;
  acme::Vault& vault;
  std::vector<acme::ChallengeSolver*> solvers;  // best first
  Observer& observer;
};

struct CertificateStatus {
  std::string name;
  std::vector<std::string> names;
  std::shared_ptr<const tls::Certificate> certificate;  // null: none yet
  std::string directory;                                // who issued it
  runtime::WallTime renewal{};                          // when it will be renewed
  runtime::WallTime not_before{};                       // no attempt before, after failures
  int failures = 0;
  std::string last_error;
  bool at_work = false;
  bool on_demand = false;
};

class Issuer {
 public:
  static Result<std::unique_ptr<Issuer>> create(Services services, IssuerSettings settings);
  ~Issuer();

  runtime::Task<void> run();  // does not end

  // One more, for names that nobody configured. Nothing happens when there is one of that name.
  void add(CertificateSettings certificate);

  // By a person, whatever the schedule says. "not-found": no certificate of this name is configured, or none is there. The issuer
  // outlives these tasks, and `renewed`, too.
  runtime::Task<acme::Outcome<acme::Done>> issue(std::string name);
  runtime::Task<acme::Outcome<acme::Done>> renew(std::string name, bool& renewed);  // only when it is due, or not there
  // RFC 8555 section 7.6. Another one is issued at once: it is for whoever takes a name out of the configuration to do so first.
  // After a compromise of the key it gets another key, even with `keep_key`.
  runtime::Task<acme::Outcome<acme::Done>> revoke(std::string name, acme::RevocationReason reason);
  // A certificate from elsewhere, for exactly the configured names; renewed as if it had been issued here. Errors: pki::check_issued.
  runtime::Task<acme::Outcome<acme::Done>> adopt(std::string name, std::string chain, pki::Key key);
  // With the first authority, so that account_url() is known.
  runtime::Task<acme::Outcome<acme::Done>> ensure_account();
  // New keys for all accounts that there are.
  runtime::Task<acme::Outcome<acme::Done>> change_account_keys(pki::KeyType type);

  std::vector<CertificateStatus> status() const;
  std::string account_url() const;  // with the first authority; empty: none yet. For dns-persist-01

 private:
  struct State;
  explicit Issuer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// How an account is called in the vault: "acme-v02.api.letsencrypt.org_directory".
std::string account_name(std::string_view directory_url);

}  // namespace gatehouse::issuer
