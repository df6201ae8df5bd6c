#pragma once

#include "endpoints.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::admin {

// Asks for what the endpoint stands for, waits for its end, answers. The work goes on when the client goes away first.
runtime::Task<void> back_up(http::Exchange& exchange, const Endpoint& endpoint, const Call& call);

}  // namespace gatehouse::admin
