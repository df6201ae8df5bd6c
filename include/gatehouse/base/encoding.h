// Text forms of bytes: hex, base64 (RFC 4648, sections 4 and 5), percent escapes (RFC 3986, section 2.1) and JSON strings
// (RFC 8259, section 7). Decoding is strict: each byte sequence has one spelling, any other text is refused. Pure
// functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse {

constexpr int hex_value(char c) noexcept {  // -1: not a hex digit
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string encode_hex(std::span<const std::uint8_t> bytes);  // lower case

// The alphabet for URLs, without padding. Refused: padding, any other character, bits set behind the last byte.
std::string encode_base64url(std::span<const std::uint8_t> bytes);
inline std::string encode_base64url(std::string_view bytes) { return encode_base64url(bytes_of(bytes)); }
std::optional<std::string> decode_base64url(std::string_view text);

// The standard alphabet, padded to a multiple of four. Refused: missing padding, and as above.
std::string encode_base64(std::span<const std::uint8_t> bytes);
inline std::string encode_base64(std::string_view bytes) { return encode_base64(bytes_of(bytes)); }
std::optional<std::string> decode_base64(std::string_view text);

// Value of the escape "%XX" whose '%' stands at `at`; -1 when two hex digits do not follow.
int percent_value(std::string_view text, std::size_t at) noexcept;

// A name or value of application/x-www-form-urlencoded: '+' is a space. Nothing for a broken escape; every other byte
// stands for itself, and the result may hold any byte.
std::optional<std::string> decode_form(std::string_view text);

// The text as a JSON string with its quotes. Always valid JSON in UTF-8, escaped as in gatehouse/base/json.h; a byte that
// is no UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace gatehouse
