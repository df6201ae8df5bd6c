// Password hashes: Argon2id made here (libargon2, RFC 9106), old bcrypt "$2b$" verified until the next login. Every
// function takes tens of milliseconds and megabytes on purpose: offload pool only. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/access/settings.h"
#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::access {

struct PasswordVerdict {
  bool matches = false;
  bool outdated = false;  // matches, and another kind or strength of hash is wanted now
};

class PasswordHasher {
 public:
  // Errors: "bad-settings" when libargon2 refuses the parameters.
  static Result<PasswordHasher> make(std::uint32_t memory_kib, std::uint32_t passes, runtime::Random& random);

  Result<std::string> hash(const Secret& password) const;
  PasswordVerdict verify(const std::string& encoded, const Secret& password) const;
  // The work of verify() for a user who does not exist; never matches.
  void verify_nobody(const Secret& password) const;

 private:
  PasswordHasher(std::uint32_t memory_kib, std::uint32_t passes, runtime::Random& random)
      : memory_kib_(memory_kib), passes_(passes), random_(&random) {}

  std::uint32_t memory_kib_;
  std::uint32_t passes_;
  runtime::Random* random_;
  std::string nobody_;  // a hash of the current strength that no password is known for
};

// "bad-request" when shorter or longer than allowed.
Status check_new_password(const Secret& password);

}  // namespace gatehouse::access
