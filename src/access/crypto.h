// The few primitives of this room, on OpenSSL EVP. Running out of memory inside OpenSSL aborts; nothing else can fail.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/runtime/random.h"

struct evp_mac_ctx_st;

namespace gatehouse::access {

using Digest = std::array<std::uint8_t, 32>;

// HMAC-SHA256 under one key. Thread-safe: each signature works on a copy of the keyed state.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key);
  Digest sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> keyed_;
};

// RFC 5869 with SHA-256, no salt: an independent key for each purpose.
Digest hkdf(std::string_view secret, std::string_view purpose);

bool equal_constant_time(std::string_view a, std::string_view b) noexcept;
std::string_view as_text(const Digest& digest) noexcept;

// AES-256-GCM: nonce (12) · ciphertext · tag (16).
std::string encrypt(const Digest& key, std::string_view plain, std::string_view context, runtime::Random& random);
std::optional<std::string> decrypt(const Digest& key, std::string_view sealed, std::string_view context);

}  // namespace gatehouse::access
