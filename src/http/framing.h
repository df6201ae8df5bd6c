// Content-Length, Transfer-Encoding, Connection. Private to the room.
#pragma once

#include <cstdint>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

// 1*DIGIT, at most 2^63 - 1 (P-5).
bool parse_content_length(std::string_view value, std::uint64_t& length) noexcept;

enum class Coding : std::uint8_t { kChunked, kUnknownBeforeChunked, kInvalid };
Coding classify_transfer_encoding(std::string_view value) noexcept;  // P-6

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};
// Adds what one Connection field says; false: a member is not a token.
bool add_connection_options(std::string_view value, ConnectionOptions& options) noexcept;

bool keeps_alive(const ConnectionOptions& options, std::uint8_t minor_version) noexcept;

}  // namespace gatehouse::http
