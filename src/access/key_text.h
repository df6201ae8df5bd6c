// The text of an API key: mcp_{id}.{secret}.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::access {

inline constexpr std::string_view kKeyPrefix = "mcp_";
inline constexpr std::size_t kKeySecretBytes = 32;
inline constexpr std::size_t kKeySecretChars = 43;  // base64url of 32 bytes

struct KeyText {
  std::int64_t id = 0;
  std::string_view secret;  // 43 characters, into the parsed text
};

// Strict: a decimal id from 1 without leading zeros, then exactly 43 base64url characters.
std::optional<KeyText> parse_key(std::string_view text);
std::string key_text(std::int64_t id, std::string_view secret);

}  // namespace gatehouse::access
