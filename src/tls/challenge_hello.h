// A handshake that is a tls-alpn-01 challenge and nothing else.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "context_data.h"

namespace gatehouse::tls {

bool offers_challenge(SSL* ssl);  // in the ClientHello callback: its ALPN list is exactly [acme-tls/1]
bool begin_challenge(SSL* ssl, std::shared_ptr<const Certificate> certificate);
bool is_challenge(const SSL* ssl) noexcept;

}  // namespace gatehouse::tls
