#pragma once

#include "gatehouse/admin/api.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::admin {

// Asks for a reload, waits for its end, answers. Nothing is answered when the client goes away first.
runtime::Task<void> reload(http::Exchange& exchange, const Ports& ports);

}  // namespace gatehouse::admin
