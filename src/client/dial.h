// From a peer to a connected stream: look-up, connection, TLS. Errors: "unreachable", "tls-failed".
#pragma once

#include <memory>

#include "deadline.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::client {

// Says in `deadline` what it is doing; the stream wakes nobody yet.
runtime::Task<Result<std::unique_ptr<tls::Stream>>> dial(Network network, Peer peer, Deadline& deadline);

}  // namespace gatehouse::client
