#include "authenticator.h"

#include <charconv>

namespace gatehouse::app {

namespace {

constexpr std::string_view kKey = "key:", kToken = "token:";

http::Principal principal_of(const access::Identity& identity) {
  http::Principal principal;
  principal.name = identity.name;
  principal.user_id = identity.user_id;
  principal.superuser = identity.superuser;
  principal.scopes = identity.scopes.names();
  const bool key = identity.credential == access::CredentialKind::kApiKey;
  principal.credential = key ? std::string(kKey) + std::to_string(identity.key_id) : std::string(kToken) + identity.token_id;
  return principal;
}

}  // namespace

edge::AuthOutcome Authenticator::authenticate(const http::RequestHead& request) const {
  using Kind = edge::AuthOutcome::Kind;
  const std::string_view authorization = request.fields.value(http::FieldId::kAuthorization);
  const std::string_view api_key = request.fields.value(http::FieldId::kXApiKey);
  auto credential = access::credential_from(authorization, api_key);
  if (!credential) {
    if (credential.error().slug == "missing-credentials") return {};
    return {.kind = Kind::kMalformed, .principal = {}, .reason = credential.error().message};
  }
  auto identity = verifier_.verify(*credential, clock_.wall());
  if (!identity) return {.kind = Kind::kInvalid, .principal = {}, .reason = identity.error().message};
  use_.note(*identity, clock_.wall());
  return {.kind = Kind::kKnown, .principal = principal_of(*identity), .reason = {}};
}

bool still_valid(std::int64_t user_id, std::string_view credential, const access::KeyIndex& before, const access::KeyIndex& now) {
  if (user_id == 0) return true;
  access::Identity identity;
  identity.user_id = user_id;
  if (credential.starts_with(kKey)) {
    credential.remove_prefix(kKey.size());
    identity.credential = access::CredentialKind::kApiKey;
    std::from_chars(credential.data(), credential.data() + credential.size(), identity.key_id);
  } else if (credential.starts_with(kToken)) {
    identity.credential = access::CredentialKind::kToken;
    identity.token_id = credential.substr(kToken.size());
  }
  return access::still_holds(identity, before, now);
}

}  // namespace gatehouse::app
