// What to say to a client whose request head was refused. Private to the room.
#pragma once

#include <string_view>

namespace gatehouse::edge {

// One sentence for a reason of http/h1.h: what to do. A string literal.
const char* refusal_detail(int status, std::string_view reason) noexcept;

}  // namespace gatehouse::edge
