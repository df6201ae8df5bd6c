#include "framing.h"

#include <charconv>
#include <limits>

#include "chars.h"

namespace gatehouse::http {

bool parse_content_length(std::string_view value, std::uint64_t& length) noexcept {
  if (value.empty() || value.size() > 19 || !all_are(value, kDigit)) return false;
  std::from_chars(value.data(), value.data() + value.size(), length);
  return length <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

Coding classify_transfer_encoding(std::string_view value) noexcept {
  if (equals_ignoring_case(value, "chunked")) return Coding::kChunked;
  bool chunked = false;
  while (true) {
    const bool last = value.find(',') == std::string_view::npos;
    const std::string_view coding = take_member(value);
    if (chunked || coding.empty() || !all_are(coding, kTchar)) return Coding::kInvalid;
    chunked = equals_ignoring_case(coding, "chunked");
    if (last) return chunked ? Coding::kUnknownBeforeChunked : Coding::kInvalid;
  }
}

bool add_connection_options(std::string_view value, ConnectionOptions& options) noexcept {
  while (!value.empty()) {
    const std::string_view option = take_member(value);
    if (!all_are(option, kTchar)) return false;
    if (equals_ignoring_case(option, "close")) options.close = true;
    else if (equals_ignoring_case(option, "keep-alive")) options.keep_alive = true;
    else if (equals_ignoring_case(option, "upgrade")) options.upgrade = true;
  }
  return true;
}

bool keeps_alive(const ConnectionOptions& options, std::uint8_t minor_version) noexcept {
  return !options.close && (minor_version >= 1 || options.keep_alive);
}

}  // namespace gatehouse::http
