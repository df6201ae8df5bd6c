#include "identity.h"

#include <netinet/in.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "gatehouse/base/encoding.h"
#include "gatehouse/net/address.h"
#include "input.h"

namespace gatehouse::admin {

namespace {

constexpr std::chrono::hours kUnknownLifetime{24 * 365};

// The claim `exp` of the token, which the verifier has checked.
runtime::WallTime token_expiry(std::string_view authorization, runtime::WallTime now) {
  const std::size_t first = authorization.find('.');
  const std::size_t second = first == std::string_view::npos ? first : authorization.find('.', first + 1);
  if (second == std::string_view::npos) return now + kUnknownLifetime;
  const auto payload = decode_base64url(authorization.substr(first + 1, second - first - 1));
  const Json claims = Json::parse(payload.value_or(""), nullptr, false);
  if (!claims.is_object() || !claims.contains("exp") || !claims["exp"].is_number_integer()) return now + kUnknownLifetime;
  const auto seconds = claims["exp"].get<std::int64_t>();
  if (seconds < 0 || seconds > 253402300799) return now + kUnknownLifetime;  // the end of year 9999
  return runtime::WallTime(std::chrono::seconds(seconds));
}

}  // namespace

access::Identity identity_of(const http::Principal& principal, std::string_view authorization, runtime::WallTime now) {
  const std::string_view credential = principal.credential;
  if (credential == "socket") return access::Identity::local(principal.name);
  access::Identity identity;
  identity.user_id = principal.user_id;
  identity.name = principal.name;
  identity.superuser = principal.superuser;
  identity.scopes = access::Scopes::known(principal.scopes);
  identity.credential = access::CredentialKind::kApiKey;  // may do the least
  if (credential.starts_with("token:")) {
    identity.credential = access::CredentialKind::kToken;
    identity.token_id = credential.substr(6);
    identity.expires = token_expiry(authorization, now);
  } else if (credential.starts_with("key:")) {
    identity.key_id = parse_id(credential.substr(4)).value_or(0);
  }
  return identity;
}

std::string throttle_client(std::string_view address) {
  auto endpoint = net::to_endpoint({.host = std::string(address), .port = 0, .is_unix = false});
  if (!endpoint || endpoint->storage.ss_family != AF_INET6) return std::string(address);
  auto& ipv6 = reinterpret_cast<sockaddr_in6&>(endpoint->storage);
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) return endpoint->address_only();
  std::memset(ipv6.sin6_addr.s6_addr + 8, 0, 8);
  return endpoint->address_only();
}

}  // namespace gatehouse::admin
