#include "protocol.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gatehouse::mcp {

namespace {

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view item) noexcept {
  return std::find(list.begin(), list.end(), item) != list.end();
}

int base64_digit(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Strict: padded, and the bits behind the last byte are zero (RFC 4648, section 3.5).
bool decode_base64(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int digit = base64_digit(c);
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return (bits & ((1u << count) - 1)) == 0 && count == padding * 2;
}

}  // namespace

bool is_legacy_version(std::string_view version) noexcept {
  static constexpr std::array<std::string_view, 4> kVersions = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
  return contains(kVersions, version);
}

bool is_removed_in_modern(std::string_view method) noexcept {
  static constexpr std::array<std::string_view, 5> kRemoved = {"initialize", "ping", "logging/setLevel",
                                                               "resources/subscribe", "resources/unsubscribe"};
  return contains(kRemoved, method);
}

bool decode_header_value(std::string_view value, std::string& out) {
  static constexpr std::string_view kPrefix = "=?base64?", kSuffix = "?=";
  if (value.size() >= kPrefix.size() + kSuffix.size() && value.starts_with(kPrefix) && value.ends_with(kSuffix)) {
    value.remove_prefix(kPrefix.size());
    value.remove_suffix(kSuffix.size());
    return decode_base64(value, out);
  }
  out = value;
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7E); });
}

}  // namespace gatehouse::mcp
