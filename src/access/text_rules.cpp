#include "text_rules.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace gatehouse::access {

namespace {

constexpr std::size_t kMaxUsername = 64;

bool is_username_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("._@-").find(c) != std::string_view::npos;
}

// Length of the UTF-8 sequence at the start of `text` (RFC 3629 table 4), 0 when it is none.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const std::uint8_t second = byte(1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return length;
}

}  // namespace

Status check_username(std::string_view name) {
  if (!name.empty() && name.size() <= kMaxUsername && std::all_of(name.begin(), name.end(), is_username_char)) return {};
  return make_error("bad-request", "a username has 1 to 64 of the characters A-Z a-z 0-9 . _ @ -");
}

Status check_text(std::string_view what, std::string_view text, std::size_t most) {
  if (text.size() > most) {
    return make_error("bad-request", std::string(what) + " is longer than " + std::to_string(most) + " bytes");
  }
  while (!text.empty()) {
    const auto first = static_cast<std::uint8_t>(text.front());
    const std::size_t length = sequence_length(text);
    if (length == 0) return make_error("bad-request", std::string(what) + " is not UTF-8");
    if (first < 0x20 || first == 0x7f) return make_error("bad-request", std::string(what) + " holds a control character");
    text.remove_prefix(length);
  }
  return {};
}

}  // namespace gatehouse::access
