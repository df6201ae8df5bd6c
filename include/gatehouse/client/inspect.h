// What a TLS server shows for its certificate (DER), after a handshake and nothing more. The peer's context decides whether it must
// be trusted, and its `server_name` is what it must be for.
// Errors, owner, thread, stop: as in gatehouse/client/fetch.h.
#pragma once

#include <chrono>
#include <string>

#include "gatehouse/client/fetch.h"

namespace gatehouse::client {

runtime::Task<Result<std::string>> shown_certificate(Network network, Peer peer, std::chrono::milliseconds deadline);

}  // namespace gatehouse::client
