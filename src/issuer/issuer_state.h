// Inside of Issuer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bundle.h"
#include "gatehouse/acme/order.h"
#include "gatehouse/acme/renewal.h"
#include "gatehouse/issuer/issuer.h"
#include "network_environment.h"
#include "vault_access.h"

namespace gatehouse::issuer {

// One directory with our account there.
struct Counterpart {
  Counterpart(VaultAccess& vault, client::Network network, runtime::OffloadPool& pool, std::shared_ptr<const tls::ClientContext> tls,
              const std::string& user_agent, const acme::Authority& authority)
      : name(account_name(authority.directory)), environment(network, pool, std::move(tls), user_agent),
        slot(vault, acme::Kind::kAccount, name), session(environment, slot, authority) {}

  std::string name;
  NetworkEnvironment environment;
  VaultSlot slot;
  acme::Session session;
};

struct AuthorityState {
  AuthoritySettings settings;
  std::unique_ptr<Counterpart> production;
  std::unique_ptr<Counterpart> staging;  // null: none
};

struct Managed {
  CertificateSettings settings;
  std::string name;
  acme::RenewalState renewal;
  std::optional<Bundle> bundle;
  std::shared_ptr<const tls::Certificate> certificate;  // of the bundle, for the names that are configured
  runtime::SteadyTime not_before{};                     // another node is at it: look again then
  bool at_work = false;
};

inline std::shared_ptr<Managed> managed_for(CertificateSettings settings) {
  std::string name = settings.names.front().text;
  return std::make_shared<Managed>(Managed{.settings = std::move(settings), .name = std::move(name), .renewal = {}, .bundle = {}, .certificate = {}});
}

inline acme::Lifetime lifetime_of(const tls::Certificate& certificate) { return {certificate.not_before(), certificate.not_after()}; }

struct Issuer::State {
  State(Services s, IssuerSettings i)
      : services(std::move(s)), settings(std::move(i)), vault(services.vault, services.pool, services.network.loop),
        waiter(services.network.loop) {}

  runtime::WallTime now() const { return services.network.loop.clock().wall(); }
  std::shared_ptr<Managed> find(std::string_view name);  // null: none
  Counterpart* counterpart_of(std::string_view directory);

  // issuer_keep.cpp: which certificate needs what, and when
  runtime::Task<void> run();
  bool wants_work(const Managed& managed) const;
  bool wants_certificate(const Managed& managed) const;
  runtime::Task<void> work(std::shared_ptr<Managed> managed);
  void forget_refused();
  runtime::Task<void> work_under(Managed& managed, const HeldLease& lease);
  runtime::Task<void> ask_window(Managed& managed, const HeldLease& lease);
  runtime::Task<void> load(Managed& managed);
  runtime::Task<void> save_renewal(Managed& managed, const HeldLease& lease);
  void take(Managed& managed, Bundle bundle);
  runtime::Task<void> note(Managed& managed, const HeldLease& lease, acme::Failure failure);

  // issuer_person.cpp: what a person asks for
  runtime::Task<acme::Outcome<acme::Done>> by_person(std::string name,
                                                     std::function<runtime::Task<acme::Outcome<acme::Done>>(Managed&, const HeldLease&)> work);
  runtime::Task<acme::Outcome<acme::Done>> order_now(Managed& managed, const HeldLease& lease, bool fresh_key);
  runtime::Task<acme::Outcome<acme::Done>> renew(Managed& managed, const HeldLease& lease, bool* renewed);
  runtime::Task<acme::Outcome<acme::Done>> revoke(Managed& managed, const HeldLease& lease, acme::RevocationReason reason);
  runtime::Task<acme::Outcome<acme::Done>> adopt(Managed& managed, const HeldLease& lease, Bundle bundle);

  // issuer_order.cpp: getting one
  runtime::Task<acme::Outcome<acme::Done>> order(Managed& managed, const HeldLease& lease, bool fresh_key);
  runtime::Task<acme::Outcome<acme::Issued>> order_from(Managed& managed, const HeldLease& lease, acme::Try attempt, bool fresh_key);
  runtime::Task<acme::Outcome<acme::Done>> store(Managed& managed, const HeldLease& lease, Bundle bundle, std::string directory);
  runtime::Task<acme::Outcome<acme::Done>> install(Managed& managed, const HeldLease& lease, acme::Issued issued, std::string directory);
  runtime::Task<acme::Outcome<acme::Done>> ensure_account(Counterpart& counterpart);
  acme::Plan plan_for(const Managed& managed, const AuthorityState& authority, const Counterpart& counterpart, bool rehearsal, bool fresh_key) const;
  runtime::Task<acme::Outcome<std::unique_ptr<HeldLease>>> lease(std::string name, bool patient);

  Services services;
  IssuerSettings settings;
  VaultAccess vault;
  std::vector<AuthorityState> authorities;
  std::vector<std::shared_ptr<Managed>> certificates;  // coroutines keep theirs
  runtime::Waiter waiter;             // of run()
  runtime::TaskGroup group;
};

}  // namespace gatehouse::issuer
