// Why the peer's certificate was not accepted, in words. OpenSSL forgets the certificate when it refuses it, so the reason is
// put together while it verifies, and kept with the connection.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::tls {

void explain_verification(SSL_CTX* context);
// Before the handshake: whom the certificate must name, and when it must be valid. A host name is sent as SNI, an address is
// not (RFC 6066 3).
bool expect_name(SSL* ssl, const std::string& name, runtime::WallTime now);
Error client_failure(SSL* ssl);  // after a failed handshake; empties the error queue

}  // namespace gatehouse::tls
