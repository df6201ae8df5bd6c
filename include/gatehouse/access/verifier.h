// Verifier: turns the credential of a request into an Identity. For the request path: synchronous, no lock, no
// database, bounded work; it reads an immutable index that Accounts makes anew after every change.
//
//   Verifier verifier(accounts.keys());            // one per loop
//   accounts.on_change([](auto index) { post to every loop: verifier.update(index) });
//   auto credential = credential_from(authorization, x_api_key);
//   auto identity = verifier.verify(*credential, clock.wall());
//
// Two kinds of credential:
//   API key  mcp_{id}.{43 characters base64url}; found by id, HMAC compared in constant time
//   token    JWT (RFC 7519) in JWS compact form, HS256 only; header exactly {alg, typ}; claims iss, aud, sub, uid, gen,
//            jti, iat, nbf, exp all required; times with 30 s of leeway; at most 8 KiB; duplicate names refused
// Rights come from the index, not from the token: a revoked key, an inactive user or a lost scope counts from the next
// update() on.
// Thread: verify() from one thread at a time with update(); the index itself may be shared by all.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "gatehouse/access/identity.h"
#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::access {

class KeyIndex;   // immutable; src/access/key_index.h
class ServerKeys; // secrets derived from settings.secret_key; src/access/server_keys.h

inline constexpr std::size_t kMaxCredentialBytes = 8192;

// The credential named by the two header fields (empty: field absent). RFC 6750 2.1; X-API-Key carries an API key.
// Errors: "missing-credentials" (401, no error= in WWW-Authenticate), "bad-request" (malformed, or both fields given).
Result<std::string_view> credential_from(std::string_view authorization, std::string_view x_api_key);

// Whether somebody who was identified with `before`, or kept since, may go on with `now`: the user is active, the key or the
// token is not revoked, the user's tokens are not called in, no scope is lost. Time is not looked at. With kLocal the
// user alone counts.
bool still_holds(const Identity& identity, const KeyIndex& before, const KeyIndex& now);

class Verifier {
 public:
  Verifier(std::shared_ptr<const ServerKeys> keys, std::shared_ptr<const KeyIndex> index);

  void update(std::shared_ptr<const KeyIndex> index) noexcept { index_ = std::move(index); }

  // Slug "invalid-credentials" (401, error="invalid_token"); the message says why, without any part of the credential.
  Result<Identity> verify(std::string_view credential, runtime::WallTime now) const;

 private:
  std::shared_ptr<const ServerKeys> keys_;
  std::shared_ptr<const KeyIndex> index_;
};

}  // namespace gatehouse::access
