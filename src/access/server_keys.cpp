#include "server_keys.h"

#include "gatehouse/access/seal.h"

namespace gatehouse::access {

ServerKeys::ServerKeys(std::string_view secret, std::string issuer_name)
    : token(as_text(hkdf(secret, "gatehouse access token HS256 v1"))),
      key_hmac(as_text(hkdf(secret, "gatehouse api key index v1"))),
      seal(hkdf(secret, "gatehouse seal AES-256-GCM v1")),
      issuer(std::move(issuer_name)) {}

std::string Seal::seal(const Secret& value, std::string_view context) const {
  return encrypt(keys_->seal, value.reveal(), context, random_);
}

Result<Secret> Seal::open(std::string_view sealed, std::string_view context) const {
  auto plain = decrypt(keys_->seal, sealed, context);
  if (!plain) {
    return make_error("unseal-failed", "a sealed value of " + std::string(context) + " does not open",
                      "it was written under another access.secret_key; set that one, or enter the value again");
  }
  return Secret(*std::move(plain));
}

}  // namespace gatehouse::access
