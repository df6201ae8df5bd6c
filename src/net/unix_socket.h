// Listening Unix sockets: replacing what a dead process left, with the right mode from the first moment.
#pragma once

#include "gatehouse/net/listener.h"

namespace gatehouse::net {

Result<UniqueFd> bind_unix(const Address& address, const ListenOptions& options);  // bound, not yet listening

}  // namespace gatehouse::net
