#include "protocol.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gatehouse/base/encoding.h"
#include "gatehouse/http/message.h"

namespace gatehouse::mcp {

namespace {

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view item) noexcept {
  return std::find(list.begin(), list.end(), item) != list.end();
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

bool is_param_header(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "mcp-param-";
  return name.size() > kPrefix.size() && http::equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix);
}

bool decode_header_value(std::string_view value, std::string& out) {
  static constexpr std::string_view kPrefix = "=?base64?", kSuffix = "?=";
  if (value.size() >= kPrefix.size() + kSuffix.size() && value.starts_with(kPrefix) && value.ends_with(kSuffix)) {
    value.remove_prefix(kPrefix.size());
    value.remove_suffix(kSuffix.size());
    std::optional<std::string> decoded = decode_base64(value);
    if (decoded) out = *std::move(decoded);
    return decoded.has_value();
  }
  out = value;
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7E); });
}

}  // namespace gatehouse::mcp
