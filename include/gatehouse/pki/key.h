// Key: a private key, of a certificate or of an account with a certificate authority. Immutable, cheap to copy. Its text
// leaves it as a Secret; no error message holds any of it.
//
// Errors: "key-unreadable" (no PEM, or damaged), "key-encrypted", "key-unsupported" (another kind, or RSA outside 2048 to 8192
// bits), "key-generation". Thread: any. An RSA key takes a tenth of a second to make: not on a loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"

struct evp_pkey_st;

namespace gatehouse::pki {

enum class KeyType : std::uint8_t { kEcdsaP256, kEcdsaP384, kRsa, kEd25519 };

class Key {
 public:
  static Result<Key> generate(KeyType type);          // RSA: 2048 bits
  static Result<Key> parse(std::string_view pem);     // any PEM form of an unencrypted private key

  KeyType type() const noexcept { return type_; }
  Secret to_pem() const;                              // PKCS #8
  bool same_as(const Key& other) const noexcept;      // the public halves are equal
  evp_pkey_st* native() const noexcept { return native_.get(); }

 private:
  Key(std::shared_ptr<evp_pkey_st> native, KeyType type) noexcept : native_(std::move(native)), type_(type) {}
  static Result<Key> adopt(evp_pkey_st* native);

  std::shared_ptr<evp_pkey_st> native_;
  KeyType type_;
};

}  // namespace gatehouse::pki
