#include "protocol.h"

#include <algorithm>
#include <array>

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

}  // namespace gatehouse::mcp
