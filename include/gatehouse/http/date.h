// IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". No locale, no allocation, no clock: the caller
// gives the time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::http {

inline constexpr std::size_t kHttpDateSize = 29;

// `unix_seconds` between the years 0 and 9999; others are shown as the nearest of these.
void format_http_date(std::int64_t unix_seconds, std::span<char, kHttpDateSize> out) noexcept;

// The other way, for fields such as Retry-After. Only this form, exactly; the obsolete ones are nothing.
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept;

// The date as text, made anew at most once per second. One per loop; the view is valid until the next call.
class HttpDate {
 public:
  std::string_view at(runtime::WallTime time) noexcept;

 private:
  std::int64_t second_ = INT64_MIN;
  char text_[kHttpDateSize] = {};
};

}  // namespace gatehouse::http
