// What is made with a new key: the request for a certificate (PKCS #10, RFC 2986), and the certificate that answers a
// tls-alpn-01 challenge (RFC 8737 section 3; RFC 8738 section 6 for addresses).
//
// Error: "certificate-request", "challenge-certificate" (what OpenSSL says). Pure functions; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "gatehouse/base/result.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/pki/names.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::pki {

using Sha256 = std::array<std::uint8_t, 32>;
Sha256 sha256(std::string_view bytes);

// DER. The names stand in subjectAltName, the subject is empty.
Result<std::string> certificate_request(const Key& key, const Names& names);

// PEM, self-signed, valid for a week: the one name and the critical extension acmeIdentifier with the digest of the key
// authorization.
Result<std::string> challenge_certificate(const Key& key, const Name& name, const Sha256& authorization, runtime::WallTime now,
                                          runtime::Random& random);

}  // namespace gatehouse::pki
