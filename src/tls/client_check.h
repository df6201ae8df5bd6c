// How a connection asks for its client's certificate and judges it.
#pragma once

#include <openssl/ssl.h>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/tls/client_auth.h"

namespace gatehouse::tls {

// Before the ServerHello. The policy outlives the connection; null: nobody is asked.
bool ask_client(SSL* ssl, const ClientAuth* auth);
const ClientAuth* auth_of(const SSL* ssl) noexcept;

void verify_at(SSL* ssl, runtime::WallTime now);  // the time for which certificates must be valid
bool still_valid(X509* certificate, runtime::WallTime now) noexcept;

}  // namespace gatehouse::tls
