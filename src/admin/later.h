#pragma once

#include <optional>

#include "endpoints.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::admin {

// Begins what is answered from elsewhere, and waits for its answer; nothing: the client went away first.
runtime::Task<std::optional<http::Response>> later(http::Exchange& exchange, const Endpoint& endpoint, Call call);

}  // namespace gatehouse::admin
