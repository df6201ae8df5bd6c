#include "gatehouse/access/verifier.h"

#include <algorithm>

#include "gatehouse/base/check.h"
#include "key_index.h"
#include "key_text.h"
#include "server_keys.h"

namespace gatehouse::access {

namespace {

constexpr std::string_view kBearer = "bearer";

Error refused(const char* why) { return make_error("invalid-credentials", why); }

bool is_bearer(std::string_view scheme) {
  return scheme.size() == kBearer.size() && std::equal(scheme.begin(), scheme.end(), kBearer.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + ('a' - 'A')) : a) == b;
         });
}

bool is_token_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/").find(c) != std::string_view::npos;
}

// b64token of RFC 6750 2.1: 1*token-char *"="
bool is_b64token(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

Result<Identity> verify_key(std::string_view text, const ServerKeys& keys, const KeyIndex& index,
                            runtime::WallTime now) {
  const auto parsed = parse_key(text);
  if (!parsed) return refused("not the form of an API key");
  const KeyIndex::KeyEntry* key = index.key(parsed->id);
  static constexpr Digest kNothing{};
  // The same work whether the id exists or not.
  const bool same = equal_constant_time(as_text(keys.key_hmac.sign(parsed->secret)), as_text(key ? key->hmac : kNothing));
  if (key == nullptr || !same) return refused("unknown API key");
  if (!key->active) return refused("API key was revoked");
  if (key->expires <= now) return refused("API key has expired");
  const KeyIndex::UserEntry* user = index.user(key->user_id);
  if (user == nullptr || !user->active) return refused("user of the API key is not active");

  Identity identity;
  identity.user_id = key->user_id;
  identity.name = user->name;
  identity.scopes = key->scopes & user->scopes;
  identity.superuser = user->superuser && key->scopes.contains({Scope::kAdmin});
  identity.credential = CredentialKind::kApiKey;
  identity.key_id = parsed->id;
  identity.expires = key->expires;
  return identity;
}

Result<Identity> verify_token(std::string_view token, const ServerKeys& keys, const KeyIndex& index,
                              runtime::WallTime now) {
  auto payload = keys.token.open(token);
  if (!payload) return std::move(payload).error();
  auto claims = parse_claims(*payload);
  if (!claims) return std::move(claims).error();
  if (auto fine = check_claims(*claims, keys.issuer, now); !fine) return std::move(fine).error();
  const KeyIndex::UserEntry* user = index.user(claims->user_id);
  if (user == nullptr || user->name != claims->subject) return refused("user of the token does not exist");
  if (!user->active) return refused("user of the token is not active");
  if (user->generation != claims->generation || index.revoked(claims->token_id)) return refused("token was revoked");

  Identity identity;
  identity.user_id = claims->user_id;
  identity.name = user->name;
  identity.scopes = user->scopes;
  identity.superuser = user->superuser;
  identity.credential = CredentialKind::kToken;
  identity.token_id = std::move(claims->token_id);
  identity.expires = runtime::WallTime(std::chrono::seconds(claims->expires));
  return identity;
}

}  // namespace

Result<std::string_view> credential_from(std::string_view authorization, std::string_view x_api_key) {
  if (authorization.empty() && x_api_key.empty()) return make_error("missing-credentials", "no credentials were sent");
  if (!authorization.empty() && !x_api_key.empty()) {
    return make_error("bad-request", "send either Authorization or X-API-Key, not both");
  }
  if (!x_api_key.empty()) {
    if (x_api_key.size() <= kMaxCredentialBytes && x_api_key.starts_with(kKeyPrefix) && is_b64token(x_api_key)) {
      return x_api_key;
    }
    return make_error("bad-request", "X-API-Key does not hold an API key (mcp_...)");
  }
  const std::size_t space = authorization.find(' ');
  if (!is_bearer(authorization.substr(0, space))) {
    return make_error("missing-credentials", "the scheme of Authorization must be Bearer");
  }
  std::string_view credential = space == std::string_view::npos ? "" : authorization.substr(space);
  while (credential.starts_with(' ')) credential.remove_prefix(1);
  if (credential.size() > kMaxCredentialBytes) return make_error("bad-request", "credentials longer than 8192 bytes");
  if (!is_b64token(credential)) return make_error("bad-request", "Authorization does not hold a bearer token");
  return credential;
}

bool still_holds(const Identity& identity, const KeyIndex& before, const KeyIndex& now) {
  const auto lost_nothing = [](const auto* earlier, const auto* entry) {
    return entry != nullptr && entry->active && (earlier == nullptr || entry->scopes.contains(earlier->scopes));
  };
  const KeyIndex::UserEntry* user = now.user(identity.user_id);
  const KeyIndex::UserEntry* earlier = before.user(identity.user_id);
  if (!lost_nothing(earlier, user)) return false;
  switch (identity.credential) {
    case CredentialKind::kLocal: return true;
    case CredentialKind::kToken:
      return (earlier == nullptr || user->generation == earlier->generation) && !now.revoked(identity.token_id);
    case CredentialKind::kApiKey: return lost_nothing(before.key(identity.key_id), now.key(identity.key_id));
  }
  return false;
}

Verifier::Verifier(std::shared_ptr<const ServerKeys> keys, std::shared_ptr<const KeyIndex> index)
    : keys_(std::move(keys)), index_(std::move(index)) {
  GATEHOUSE_CHECK(keys_ && index_);
}

Result<Identity> Verifier::verify(std::string_view credential, runtime::WallTime now) const {
  if (credential.size() > kMaxCredentialBytes) return refused("credentials longer than 8192 bytes");
  if (credential.starts_with(kKeyPrefix)) return verify_key(credential, *keys_, *index_, now);
  return verify_token(credential, *keys_, *index_, now);
}

}  // namespace gatehouse::access
