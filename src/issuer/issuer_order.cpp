#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/pki/chain.h"
#include "issuer_state.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;
using acme::Done;
using acme::Failure;
using acme::Outcome;

constexpr int kLeaseAttempts = 60;
constexpr runtime::Duration kLeasePause = 1s;

Failure busy(const std::string& name) { return acme::transient(make_error("lease-busy", "another node is working on '" + name + "'")); }

}  // namespace

// `patient`: waits a minute for it.
runtime::Task<Outcome<std::unique_ptr<HeldLease>>> Issuer::State::lease(std::string name, bool patient) {
  runtime::Waiter pause(services.network.loop);
  runtime::Timer timer(pause);
  for (int attempt = 0; attempt < (patient ? kLeaseAttempts : 1); ++attempt) {
    auto held = co_await HeldLease::acquire(vault, name, settings.node, settings.lease);
    if (!held) co_return acme::transient(std::move(held).error());
    if (*held) co_return *std::move(held);
    if (!patient) break;
    timer.arm(kLeasePause);
    while (!timer.expired()) co_await pause.wait();
  }
  co_return busy(name);
}

// One node registers; the others take what it has stored.
runtime::Task<Outcome<Done>> Issuer::State::ensure_account(Counterpart& counterpart) {
  if (counterpart.session.has_account()) co_return Done{};
  auto held = co_await lease("account_" + counterpart.name, true);
  if (!held) co_return std::move(held).failure();
  auto account = co_await counterpart.session.account();
  co_await (*held)->release();
  if (!account) co_return std::move(account).failure();
  co_return Done{};
}

acme::Plan Issuer::State::plan_for(const Managed& managed, const AuthorityState& authority, const Counterpart& counterpart, bool rehearsal,
                                   bool fresh_key) const {
  acme::Plan plan{.names = managed.settings.names, .solvers = services.solvers, .key_type = managed.settings.key_type};
  plan.profile = authority.settings.profile;
  plan.limits = settings.limits;
  if (rehearsal) return plan;
  plan.preferred_chain = authority.settings.preferred_chain;
  if (managed.settings.keep_key && managed.bundle && !fresh_key) plan.key = managed.bundle->key;
  // Only the authority that issued it knows it; should it be the reason for a refusal, every third attempt is without.
  const bool same = managed.renewal.directory == counterpart.session.authority().directory;
  if (same && managed.certificate && managed.renewal.failures() % 3 != 2) plan.replaces = managed.renewal.renewal_id;
  return plan;
}

runtime::Task<Outcome<acme::Issued>> Issuer::State::order_from(Managed& managed, const HeldLease& held, acme::Try attempt, bool fresh_key) {
  AuthorityState& authority = authorities[attempt.authority];
  Counterpart& counterpart = attempt.rehearsal ? *authority.staging : *authority.production;
  if (auto account = co_await ensure_account(counterpart); !account) co_return std::move(account).failure();
  VaultSlot slot(vault, acme::Kind::kOrder, managed.name + "_" + counterpart.name);
  slot.use(&held);
  auto issued = co_await acme::obtain(counterpart.session, counterpart.environment, slot,
                                      plan_for(managed, authority, counterpart, attempt.rehearsal, fresh_key));
  if (!issued || !attempt.rehearsal) co_return issued;
  const Status removed = co_await slot.remove();  // a rehearsal is not kept
  static_cast<void>(removed);
  co_return issued;
}

runtime::Task<Outcome<Done>> Issuer::State::order(Managed& managed, const HeldLease& held, bool fresh_key) {
  if (Status tested = co_await vault.self_test(services.random); !tested) co_return acme::transient(std::move(tested).error());
  std::vector<bool> has_staging;
  for (const AuthorityState& authority : authorities) has_staging.push_back(authority.staging != nullptr);
  Failure last = acme::transient(make_error("acme-authority", "no certificate authority is configured"));
  std::optional<std::size_t> passed_over;
  for (const acme::Try& attempt : acme::tries(has_staging, managed.renewal)) {
    if (passed_over == attempt.authority) continue;
    auto issued = co_await order_from(managed, held, attempt, fresh_key);
    if (issued && attempt.rehearsal) continue;
    if (issued) co_return co_await install(managed, held, *std::move(issued), authorities[attempt.authority].settings.production.directory);
    last = std::move(issued).failure();
    if (authorities.size() > 1)
      log::warn("issuer", "authority.failed", "an authority gave no certificate",
                {{"name", managed.name}, {"directory", authorities[attempt.authority].settings.production.directory}, {"rehearsal", attempt.rehearsal},
                 {"kind", acme::to_text(last.kind)}, {"error", last.error.message}});
    if (attempt.rehearsal) passed_over = attempt.authority;
  }
  co_return last;
}

// First what cannot be had again, then what says that it is there.
runtime::Task<Outcome<Done>> Issuer::State::store(Managed& managed, const HeldLease& held, Bundle bundle, std::string directory) {
  const auto chain = pki::Chain::parse(bundle.chain);
  if (!chain) co_return acme::transient(chain.error());
  Status stored = co_await vault.put(acme::Kind::kCertificate, managed.name, bundle.text(), held.lease());
  if (!stored) co_return acme::transient(std::move(stored).error());
  managed.renewal = acme::renewal_state_for(chain->renewal_id(), services.random);
  managed.renewal.directory = std::move(directory);
  managed.renewal.obtained = now();
  co_await save_renewal(managed, held);
  take(managed, std::move(bundle));
  co_return Done{};
}

runtime::Task<Outcome<Done>> Issuer::State::install(Managed& managed, const HeldLease& held, acme::Issued issued, std::string directory) {
  auto stored = co_await store(managed, held, {issued.key, issued.chain}, directory);
  if (!stored) co_return stored;
  VaultSlot order(vault, acme::Kind::kOrder, managed.name + "_" + account_name(directory));
  order.use(&held);
  const Status removed = co_await order.remove();
  static_cast<void>(removed);  // a finished order that stays is found to be for a certificate that is there
  const auto chain = pki::Chain::parse(issued.chain);
  log::info("issuer", "certificate.issued", "got a certificate",
            {{"name", managed.name}, {"directory", directory}, {"serial", chain->serial()}, {"not_after", rfc3339(chain->not_after())},
             {"preferred_chain", issued.preferred}});
  co_return Done{};
}

}  // namespace gatehouse::issuer
