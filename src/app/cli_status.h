// What `gatehouse status` shows on a terminal.
#pragma once

#include <chrono>

#include "cli_output.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::app {

// "42 s", "6 d 4 h"
std::string span(std::chrono::seconds seconds);

// The answer of /admin/status; `now` is what "in 61 days" is counted from.
std::string status_page(const Style& style, const Json& answer, runtime::WallTime now);

}  // namespace gatehouse::app
