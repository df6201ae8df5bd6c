#include "authenticator.h"

namespace gatehouse::app {

namespace {

http::Principal principal_of(const access::Identity& identity) {
  http::Principal principal;
  principal.name = identity.name;
  principal.user_id = identity.user_id;
  principal.superuser = identity.superuser;
  principal.scopes = identity.scopes.names();
  principal.credential = identity.credential == access::CredentialKind::kApiKey ? "key:" + std::to_string(identity.key_id)
                                                                                : "token:" + identity.token_id;
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

}  // namespace gatehouse::app
