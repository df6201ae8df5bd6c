// What a person asks for, beside the schedule.
#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/pki/chain.h"
#include "issuer_state.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;
constexpr auto kTurn = 100ms;

using acme::Done;
using acme::Failure;
using acme::Outcome;

Failure refused(Error error) { return {.kind = acme::FailureKind::kRefused, .error = std::move(error)}; }
Failure not_found(const std::string& name) { return refused(make_error("not-found", "there is no certificate '" + name + "'")); }

// One at a time, too.
runtime::Task<void> take_turn(runtime::Loop& loop, const Managed& managed) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  while (managed.at_work) {
    timer.arm(kTurn);
    while (!timer.expired()) co_await waiter.wait();
  }
}

// Gives the turn back when its coroutine is over, or destroyed.
class Turn {
 public:
  explicit Turn(Managed& managed) noexcept : managed_(managed) { managed_.at_work = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { managed_.at_work = false; }

 private:
  Managed& managed_;
};

}  // namespace

// Takes its turn and the lease, and looks at what is stored; `work` does the rest.
runtime::Task<Outcome<Done>> Issuer::State::by_person(std::string name, std::function<runtime::Task<Outcome<Done>>(Managed&, const HeldLease&)> work) {
  const std::shared_ptr<Managed> managed = find(name);
  if (managed == nullptr) co_return not_found(name);
  co_await take_turn(services.network.loop, *managed);
  const Turn turn(*managed);
  auto held = co_await lease(managed->name, true);
  if (!held) co_return std::move(held).failure();
  co_await load(*managed);
  auto done = co_await work(*managed, **held);
  co_await (*held)->release();
  co_return done;
}

runtime::Task<Outcome<Done>> Issuer::State::order_now(Managed& managed, const HeldLease& held, bool fresh_key) {
  auto ordered = co_await order(managed, held, fresh_key);
  if (!ordered) co_await note(managed, held, ordered.failure());
  co_return ordered;
}

runtime::Task<Outcome<Done>> Issuer::State::renew(Managed& managed, const HeldLease& held, bool* renewed) {
  const bool due = !managed.certificate || acme::renewal_due(lifetime_of(*managed.certificate), managed.renewal, now(), settings.tick);
  *renewed = due;
  if (!due) co_return Done{};
  co_return co_await order_now(managed, held, false);
}

// What is revoked must not come back after a restart, so it leaves the vault before anything else is tried.
runtime::Task<Outcome<Done>> Issuer::State::revoke(Managed& managed, const HeldLease& held, acme::RevocationReason reason) {
  const bool imported = managed.renewal.directory.empty() && !authorities.empty();
  Counterpart* const counterpart = imported ? authorities.front().production.get() : counterpart_of(managed.renewal.directory);
  if (counterpart == nullptr || !managed.bundle) co_return not_found(managed.name);
  const auto chain = pki::Chain::parse(managed.bundle->chain);
  // The certificate's own key proves the right to revoke it even when the account is another one by now.
  std::string der = chain ? chain->der() : std::string();
  auto revoked = co_await counterpart->session.revoke(std::move(der), reason, managed.bundle->key);
  if (!revoked) co_return revoked;
  log::warn("issuer", "certificate.revoked", "a certificate was revoked", {{"name", managed.name}, {"reason", static_cast<int>(reason)}});
  if (Status removed = co_await vault.remove(acme::Kind::kCertificate, managed.name, held.lease()); !removed)
    co_return acme::transient(std::move(removed).error());
  managed.certificate.reset();
  co_return co_await order_now(managed, held, reason == acme::RevocationReason::kKeyCompromise);
}

runtime::Task<Outcome<Done>> Issuer::State::adopt(Managed& managed, const HeldLease& held, Bundle bundle) {
  const auto checked = pki::check_issued(bundle.chain, bundle.key, managed.settings.names, now());
  if (!checked) co_return refused(checked.error());
  auto stored = co_await store(managed, held, std::move(bundle), {});
  if (stored) log::info("issuer", "certificate.imported", "took a certificate from elsewhere", {{"name", managed.name}, {"not_after", rfc3339((*checked)->not_after())}});
  co_return stored;
}

runtime::Task<Outcome<Done>> Issuer::issue(std::string name) {
  State& state = *state_;
  return state.by_person(std::move(name), [&state](Managed& managed, const HeldLease& held) { return state.order_now(managed, held, false); });
}

runtime::Task<Outcome<Done>> Issuer::renew(std::string name, bool& renewed) {
  State& state = *state_;
  return state.by_person(std::move(name), [&state, out = &renewed](Managed& managed, const HeldLease& held) { return state.renew(managed, held, out); });
}

runtime::Task<Outcome<Done>> Issuer::revoke(std::string name, acme::RevocationReason reason) {
  State& state = *state_;
  return state.by_person(std::move(name), [&state, reason](Managed& managed, const HeldLease& held) { return state.revoke(managed, held, reason); });
}

runtime::Task<Outcome<Done>> Issuer::adopt(std::string name, std::string chain, pki::Key key) {
  State& state = *state_;
  return state.by_person(std::move(name), [&state, bundle = Bundle{std::move(key), std::move(chain)}](Managed& managed, const HeldLease& held) {
    return state.adopt(managed, held, bundle);
  });
}

runtime::Task<Outcome<Done>> Issuer::ensure_account() {
  if (state_->authorities.empty()) co_return refused(make_error("not-found", "no certificate authority is configured"));
  co_return co_await state_->ensure_account(*state_->authorities.front().production);
}

runtime::Task<Outcome<Done>> Issuer::change_account_keys(pki::KeyType type) {
  for (AuthorityState& authority : state_->authorities) {
    for (Counterpart* const counterpart : {authority.production.get(), authority.staging.get()}) {
      if (counterpart == nullptr) continue;
      auto stored = co_await state_->vault.get(acme::Kind::kAccount, counterpart->name);
      if (!stored) co_return acme::transient(std::move(stored).error());
      if (!*stored) continue;
      auto held = co_await state_->lease("account_" + counterpart->name, true);
      if (!held) co_return std::move(held).failure();
      auto changed = co_await counterpart->session.change_key(type);
      co_await (*held)->release();
      if (!changed) co_return std::move(changed).failure();
      log::info("issuer", "account.key_changed", "an account has a new key", {{"directory", counterpart->session.authority().directory}});
    }
  }
  co_return Done{};
}

}  // namespace gatehouse::issuer
