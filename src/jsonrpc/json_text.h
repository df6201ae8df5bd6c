// JSON strings and ids, as raw text.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "gatehouse/jsonrpc/envelope.h"

namespace gatehouse::jsonrpc {

// Bytes written; nothing when `raw` does not fit, is no string, or holds a lone surrogate.
std::optional<std::size_t> decode_into(Raw raw, std::span<char> out);

bool is_id(Raw raw) noexcept;       // a string without lone surrogates, or an integer without fraction and exponent

}  // namespace gatehouse::jsonrpc
