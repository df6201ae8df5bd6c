// The secrets of this server, each derived from the one secret key for one purpose (HKDF), and the issuer's name.
// Immutable; shared by all threads.
#pragma once

#include <string>
#include <string_view>

#include "crypto.h"
#include "jwt.h"

namespace gatehouse::access {

class ServerKeys {
 public:
  ServerKeys(std::string_view secret, std::string issuer_name);

  const Hs256Key token;    // signs access tokens
  const HmacKey key_hmac;  // indexes API keys
  const Digest seal;       // encrypts values at rest
  const std::string issuer;
};

}  // namespace gatehouse::access
