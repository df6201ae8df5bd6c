// A BIO straight on a runtime::Descriptor: no SIGPIPE, no system call that is known to answer "would block", and exact
// readiness bits (a short read has emptied the socket). A ClientHello of 16 KiB or more is refused by its first bytes.
#pragma once

#include <openssl/bio.h>

#include "gatehouse/runtime/loop.h"

namespace gatehouse::tls {

BIO* make_socket_bio(runtime::Descriptor& descriptor);  // null when memory is out; the descriptor must outlive it

}  // namespace gatehouse::tls
