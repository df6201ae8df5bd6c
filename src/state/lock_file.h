// One file that one process holds (flock), and that says who that is.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse::state {

// Makes `name` with mode 0600 when it is missing, locks it until the descriptor goes, and writes pid and command of this
// process into it. `what` is locked by it, for messages ("the database /x"). Errors: disk-full, state-unwritable,
//   state-in-use  another process holds it; the message has what that one wrote
Result<UniqueFd> lock_file(const std::string& name, std::string_view what);

}  // namespace gatehouse::state
