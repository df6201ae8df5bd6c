// The vault from a loop: every call on the offload pool, again when somebody else was writing. Leases that renew themselves.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gatehouse/acme/environment.h"
#include "gatehouse/acme/vault.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::issuer {

class VaultAccess {
 public:
  VaultAccess(acme::Vault& vault, runtime::OffloadPool& pool, runtime::Loop& loop) noexcept : vault_(vault), pool_(pool), loop_(loop) {}

  runtime::Task<Result<std::optional<Secret>>> get(acme::Kind kind, std::string name);
  runtime::Task<Status> put(acme::Kind kind, std::string name, Secret text, acme::Lease lease);
  runtime::Task<Status> remove(acme::Kind kind, std::string name, acme::Lease lease);
  runtime::Task<Status> self_test(runtime::Random& random);

  runtime::Loop& loop() const noexcept { return loop_; }

 private:
  friend class HeldLease;
  template <class T>
  runtime::Task<T> call(std::function<T(acme::Vault&)> work);
  runtime::Task<void> pause();

  acme::Vault& vault_;
  runtime::OffloadPool& pool_;
  runtime::Loop& loop_;
};

// Held until it is destroyed or released; a destroyed one runs out by itself. Keep it in one place: coroutines refer to it.
class HeldLease {
 public:
  // Null: another node has it.
  static runtime::Task<Result<std::unique_ptr<HeldLease>>> acquire(VaultAccess& vault, std::string name, std::string owner,
                                                                   std::chrono::seconds duration);
  HeldLease(VaultAccess& vault, acme::Lease lease, std::chrono::seconds duration);
  HeldLease(const HeldLease&) = delete;
  HeldLease& operator=(const HeldLease&) = delete;

  const acme::Lease& lease() const noexcept { return lease_; }
  runtime::Task<void> release();

 private:
  runtime::Task<void> keep();

  VaultAccess& vault_;
  acme::Lease lease_;
  std::chrono::seconds duration_;
  runtime::TaskGroup group_;
};

// One entry of the vault, written under a lease.
class VaultSlot final : public acme::Slot {
 public:
  VaultSlot(VaultAccess& vault, acme::Kind kind, std::string name) : vault_(vault), kind_(kind), name_(std::move(name)) {}
  void use(const HeldLease* lease) noexcept { lease_ = lease; }  // null: without

  runtime::Task<Result<std::optional<Secret>>> load() override { return vault_.get(kind_, name_); }
  runtime::Task<Status> save(Secret text) override;
  runtime::Task<Status> remove();

 private:
  acme::Lease lease() const { return lease_ == nullptr ? acme::Lease{} : lease_->lease(); }

  VaultAccess& vault_;
  acme::Kind kind_;
  std::string name_;
  const HeldLease* lease_ = nullptr;
};

}  // namespace gatehouse::issuer
