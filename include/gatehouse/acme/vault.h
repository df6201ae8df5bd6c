// Vault: the port behind which certificates with their keys, accounts, orders and renewal states live, shared by the nodes that
// issue. issuer::FileVault implements it; another implementation runs the same contract tests (tests/unit/issuer/vault_contract.h).
//
// Promise: put() and remove() happen whole or not at all, and survive a power cut when they have succeeded. A certificate and its
// key are one text, so that neither is ever seen without the other.
// Leases: acquire() gives a name to one node for a while; the number that comes with it (`fence`) only grows. A put() or remove()
// under a lease that has gone to somebody else fails with "lease-lost", however late it comes.
//
// Errors: "vault-full", "vault-unwritable", "vault-insecure" (others can read what must be secret), "vault-damaged", "vault-busy"
// (somebody writes at this moment: try again soon), "lease-lost", "bad-name". None holds anything of a text.
// Thread: any; operations BLOCK (disk): call them on the offload pool. Owner: main. Stop: nothing to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::acme {

enum class Kind : std::uint8_t {
  kAccount,      // JSON, by authority
  kCertificate,  // PEM: the key, then the chain; by the certificate's name, as the rest
  kOrder,        // JSON
  kRenewal,      // JSON
};

struct Lease {
  std::string name;
  std::string owner;
  std::uint64_t fence = 0;
  runtime::WallTime until{};
};

class Vault {
 public:
  Vault() = default;
  Vault(const Vault&) = delete;
  Vault& operator=(const Vault&) = delete;
  virtual ~Vault() = default;

  // Names: lower-case letters, digits, "._-" inside, "*." in front; at most 200 bytes.
  virtual Result<std::optional<Secret>> get(Kind kind, const std::string& name) = 0;
  virtual Status put(Kind kind, const std::string& name, const Secret& text, const Lease* lease) = 0;
  virtual Status remove(Kind kind, const std::string& name, const Lease* lease) = 0;  // not there: fine
  virtual Result<std::vector<std::string>> list(Kind kind) = 0;                       // in order

  // Nothing: another owner has it. The same owner gets it again, with a new fence.
  virtual Result<std::optional<Lease>> acquire(const std::string& name, const std::string& owner, runtime::WallTime now,
                                               std::chrono::seconds duration) = 0;
  virtual Status renew(Lease& lease, runtime::WallTime now, std::chrono::seconds duration) = 0;
  virtual Status release(const Lease& lease) = 0;

  // Writes, reads and removes some random bytes: an authority should not issue what cannot be kept.
  virtual Status self_test(runtime::Random& random) = 0;
};

}  // namespace gatehouse::acme
