#include "vault_access.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;
using acme::Kind;
using acme::Lease;

constexpr int kAttempts = 100;
constexpr auto kPause = 50ms;  // before a vault is asked again in which somebody else was writing

// A lease without a name is none.
const Lease* pointer_to(const Lease& lease) { return lease.name.empty() ? nullptr : &lease; }

}  // namespace

runtime::Task<void> VaultAccess::pause() {
  runtime::Waiter waiter(loop_);
  runtime::Timer timer(waiter);
  timer.arm(kPause);
  while (!timer.expired()) co_await waiter.wait();
}

template <class T>
runtime::Task<T> VaultAccess::call(std::function<T(acme::Vault&)> work) {
  T result = make_error("vault-busy", "the storage of certificates is busy");
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto waiting = runtime::offload(pool_, loop_, [work, &vault = vault_] { return work(vault); });
    std::optional<T> done = co_await waiting;
    if (done) result = *std::move(done);
    if (result || result.error().slug != "vault-busy") break;
    co_await pause();
  }
  co_return result;
}

runtime::Task<Result<std::optional<Secret>>> VaultAccess::get(Kind kind, std::string name) {
  std::function<Result<std::optional<Secret>>(acme::Vault&)> work = [kind, name = std::move(name)](acme::Vault& vault) { return vault.get(kind, name); };
  return call(std::move(work));
}

runtime::Task<Status> VaultAccess::put(Kind kind, std::string name, Secret text, Lease lease) {
  std::function<Status(acme::Vault&)> work = [kind, name = std::move(name), text = std::move(text), lease = std::move(lease)](acme::Vault& vault) {
    return vault.put(kind, name, text, pointer_to(lease));
  };
  return call(std::move(work));
}

runtime::Task<Status> VaultAccess::remove(Kind kind, std::string name, Lease lease) {
  std::function<Status(acme::Vault&)> work = [kind, name = std::move(name), lease = std::move(lease)](acme::Vault& vault) {
    return vault.remove(kind, name, pointer_to(lease));
  };
  return call(std::move(work));
}

runtime::Task<Status> VaultAccess::self_test(runtime::Random& random) {
  std::function<Status(acme::Vault&)> work = [&random](acme::Vault& vault) { return vault.self_test(random); };
  return call(std::move(work));
}

runtime::Task<Result<std::unique_ptr<HeldLease>>> HeldLease::acquire(VaultAccess& vault, std::string name, std::string owner,
                                                                     std::chrono::seconds duration) {
  std::function<Result<std::optional<Lease>>(acme::Vault&)> work = [name, owner, duration, now = vault.loop().clock().wall()](acme::Vault& inside) {
    return inside.acquire(name, owner, now, duration);
  };
  auto lease = co_await vault.call(std::move(work));
  if (!lease) co_return std::move(lease).error();
  if (!*lease) co_return std::unique_ptr<HeldLease>();
  co_return std::make_unique<HeldLease>(vault, **std::move(lease), duration);
}

HeldLease::HeldLease(VaultAccess& vault, Lease lease, std::chrono::seconds duration)
    : vault_(vault), lease_(std::move(lease)), duration_(duration) {
  group_.spawn(keep());
}

// A lease that is lost, or cannot be renewed, shows at the next put().
runtime::Task<void> HeldLease::keep() {
  runtime::Waiter waiter(vault_.loop());
  runtime::Timer timer(waiter);
  for (;;) {
    timer.arm(std::chrono::duration_cast<runtime::Duration>(duration_) / 3);
    while (!timer.expired()) co_await waiter.wait();
    std::function<Result<Lease>(acme::Vault&)> work = [lease = lease_, duration = duration_,
                                                       now = vault_.loop().clock().wall()](acme::Vault& vault) -> Result<Lease> {
      Lease longer = lease;
      if (Status renewed = vault.renew(longer, now, duration); !renewed) return std::move(renewed).error();
      return longer;
    };
    auto renewed = co_await vault_.call(std::move(work));
    if (renewed) lease_ = *std::move(renewed);
    else if (renewed.error().slug == "lease-lost") co_return;
  }
}

runtime::Task<void> HeldLease::release() {
  group_.stop();
  std::function<Status(acme::Vault&)> work = [lease = lease_](acme::Vault& vault) { return vault.release(lease); };
  const Status released = co_await vault_.call(std::move(work));
  static_cast<void>(released);  // it runs out by itself
}

runtime::Task<Status> VaultSlot::save(Secret text) { return vault_.put(kind_, name_, std::move(text), lease()); }
runtime::Task<Status> VaultSlot::remove() { return vault_.remove(kind_, name_, lease()); }

}  // namespace gatehouse::issuer
