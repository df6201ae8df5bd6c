// What names and free texts of users may hold: they come back in JSON, logs and audit rows.
#pragma once

#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::access {

// [A-Za-z0-9._@-]{1,64}
Status check_username(std::string_view name);
// Valid UTF-8 without control characters, at most `most` bytes. `what` begins the message.
Status check_text(std::string_view what, std::string_view text, std::size_t most);

}  // namespace gatehouse::access
