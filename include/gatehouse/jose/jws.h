// Signatures in JSON, as certificate authorities want them: JWS in the flattened serialisation (RFC 7515 section 7.2.2, RFC
// 8555 section 6.2), public keys as JWK (RFC 7517, 7518, 8037), their thumbprints (RFC 7638).
//
//   auto body = jose::sign(key, {.url = url, .nonce = nonce, .key_id = account_url}, payload);
//
// Algorithms follow the key: ES256, ES384, RS256, EdDSA. Error: "signature" (a damaged RSA key). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/pki/key.h"

namespace gatehouse::jose {

std::string_view algorithm(const pki::Key& key) noexcept;  // "ES256"
std::string public_jwk(const pki::Key& key);               // the members that RFC 7638 asks for, in its order
std::string thumbprint(const pki::Key& key);               // base64url of the SHA-256 of public_jwk()

// The bytes that go into a JWS; ECDSA as R and S of fixed size (RFC 7518, section 3.4).
Result<std::string> signature(const pki::Key& key, std::string_view input);

struct Header {
  std::string url;
  std::string nonce{};   // empty: none, inside another JWS
  std::string key_id{};  // "kid"; empty: the public key itself ("jwk")
};
Result<std::string> sign(const pki::Key& key, const Header& header, std::string_view payload);

// External account binding (RFC 8555, section 7.3.4): HS256 over the public key of the new account.
std::string bind_account(const Secret& mac_key, std::string_view key_id, std::string_view url, const pki::Key& account_key);

}  // namespace gatehouse::jose
