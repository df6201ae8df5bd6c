#include "gatehouse/acme/challenge.h"

#include "gatehouse/base/encoding.h"
#include "gatehouse/pki/request.h"

namespace gatehouse::acme {

std::string key_authorization(std::string_view token, std::string_view thumbprint) {
  return std::string(token).append(".").append(thumbprint);
}

std::string dns_record_name(const pki::Name& name) { return "_acme-challenge." + std::string(name.base()); }

std::string dns_record_value(std::string_view authorization) { return encode_base64url(pki::sha256(authorization)); }

std::string alpn_server_name(const pki::Name& name) { return name.is_ip ? pki::reverse_name(name) : name.text; }

PersistentRecord persistent_record(const pki::Name& name, std::string_view issuer_domain, std::string_view account_url,
                                   std::optional<runtime::WallTime> until) {
  std::string text = std::string(issuer_domain).append("; accounturi=").append(account_url);
  if (name.wildcard()) text += "; policy=wildcard";
  if (until) {
    text += "; persistUntil=" + std::to_string(std::chrono::floor<std::chrono::seconds>(*until).time_since_epoch().count());
  }
  return {"_validation-persist." + std::string(name.base()), std::move(text)};
}

}  // namespace gatehouse::acme
