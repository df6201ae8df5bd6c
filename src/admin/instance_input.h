// What a client registers: an instance of an MCP server. Private to the room.
#pragma once

#include "endpoints.h"
#include "gatehouse/state/records.h"

namespace gatehouse::admin {

// The body of a registration, checked; its environment sealed. Errors: those of Input::parse; "unprocessable"; "forbidden" for
// commands: from the network they would run whatever their sender likes.
Result<state::ServerInstance> read_instance(const Call& call);

}  // namespace gatehouse::admin
