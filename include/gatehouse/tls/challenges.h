// Challenges: the certificates of live tls-alpn-01 challenges (RFC 8737), by the name that a certificate authority asks for in
// SNI (a DNS name in lower case, or the reverse name of an address, RFC 8738 6). A client that offers exactly "acme-tls/1" gets
// the certificate of its name and that protocol, no ticket, and no request is read from it; when there is none it gets
// no_application_protocol. Everybody else never sees them.
//
// Owner: whoever meets challenges; shared with every context. Thread-safe.
#pragma once

#include <string_view>

#include "gatehouse/base/rare_table.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::tls {

using Challenges = RareTable<Certificate>;

inline constexpr std::string_view kChallengeProtocol = "acme-tls/1";

}  // namespace gatehouse::tls
