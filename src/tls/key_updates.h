// Counts the KeyUpdate messages of a peer (RFC 8446 4.6.3): each costs us a derivation of keys, and an answer when asked for.
// An honest peer sends one in 2^24 records; ours may send 16, and one more for each 64 KiB.
#pragma once

#include <openssl/ssl.h>

namespace gatehouse::tls {

void count_key_updates(SSL_CTX* context);
bool too_many_key_updates(SSL* ssl) noexcept;

}  // namespace gatehouse::tls
