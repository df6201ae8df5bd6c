// Users, keys, tokens as configured; filled by the loader.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gatehouse/base/secret.h"

namespace gatehouse::access {

// What a start asks of a secret key and of passwords; profile production asks for more (config).
inline constexpr std::size_t kMinSecretBytes = 32;
inline constexpr std::size_t kMinPasswordBytes = 8;
inline constexpr std::size_t kMaxPasswordBytes = 1024;

struct Settings {
  Secret secret_key;                              // signs tokens, indexes keys; empty: made once and kept in the state directory
  Secret admin_password;                          // of the first user; empty: random, printed once
  std::chrono::seconds token_lifetime{1800};
  std::chrono::seconds key_lifetime{30 * 86400}; // default when a key names no expiry
  std::string issuer = "gatehouse";
  std::uint32_t argon2_memory_kib = 19456;        // OWASP's first choice: 19 MiB, 2 passes, 1 lane
  std::uint32_t argon2_passes = 2;
};

}  // namespace gatehouse::access
