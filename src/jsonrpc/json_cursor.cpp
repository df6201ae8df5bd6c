#include "json_cursor.h"

#include <algorithm>
#include <cstring>

#include "gatehouse/base/encoding.h"

namespace gatehouse::jsonrpc {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_hex(char c) noexcept { return hex_value(c) >= 0; }

// Whether one of the eight bytes ends a run of plain string characters: '"', '\\', a control character, or not ASCII.
bool has_special(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101ull;
  constexpr std::uint64_t kHigh = 0x8080808080808080ull;
  const auto zero_byte = [](std::uint64_t v) { return (v - kOnes) & ~v; };
  const std::uint64_t quote = zero_byte(word ^ (kOnes * '"'));
  const std::uint64_t backslash = zero_byte(word ^ (kOnes * '\\'));
  const std::uint64_t control = (word - kOnes * 0x20) & ~word;
  return ((quote | backslash | control | word) & kHigh) != 0;
}

}  // namespace

JsonCursor::JsonCursor(std::string_view text, std::uint32_t max_depth) noexcept
    : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), max_depth_(std::min(max_depth, kMaxDepth)) {}

void JsonCursor::skip_space() noexcept {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

char JsonCursor::peek() noexcept {
  skip_space();
  return at_ == end_ ? '\0' : *at_;
}

bool JsonCursor::at_end() noexcept {
  skip_space();
  return at_ == end_;
}

bool JsonCursor::expect(char c, const char* problem) noexcept {
  if (peek() != c || at_ == end_) return fail(problem);
  ++at_;
  return true;
}

void JsonCursor::push(bool object) noexcept {
  ++depth_;
  const std::uint64_t bit = 1ull << (depth_ % 64);
  if (object)
    bits_[depth_ / 64] |= bit;
  else
    bits_[depth_ / 64] &= ~bit;
}

bool JsonCursor::open(char bracket) noexcept {
  if (failed() || !expect(bracket, "value")) return false;
  if (depth_ == max_depth_) return fail("depth");
  push(bracket == '{');
  return true;
}

bool JsonCursor::close(char bracket) noexcept {
  if (!expect(bracket, "bracket")) return false;
  --depth_;
  return true;
}

bool JsonCursor::next(char bracket, bool* more) noexcept {
  const char c = peek();
  *more = c == ',';
  if (c == ',') return ++at_, true;
  return c == bracket || fail("comma");
}

bool JsonCursor::string(std::string_view* raw) noexcept {
  if (failed() || peek() != '"') return fail("string");
  const char* start = at_;
  if (!skip_string()) return false;
  *raw = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonCursor::value(std::string_view* raw) noexcept {
  if (failed()) return false;
  const char c = peek();
  const char* start = at_;
  if (c == '{' || c == '[' ? !nested() : !scalar()) return false;
  *raw = {start, static_cast<std::size_t>(at_ - start)};
  return true;
}

bool JsonCursor::nested() noexcept {
  const std::uint32_t floor = depth_;
  do {
    // At a value: open containers until something can be closed or skipped.
    const char c = peek();
    if (c != '{' && c != '[') {
      if (!scalar() || !after_value(floor)) return false;
      continue;
    }
    if (!open(c)) return false;
    const char closing = c == '{' ? '}' : ']';
    if (peek() == closing) {
      if (!close(closing) || !after_value(floor)) return false;
    } else if (c == '{' && !member_start()) {
      return false;
    }
  } while (depth_ > floor);
  return true;
}

bool JsonCursor::member_start() noexcept {
  std::string_view key;
  return string(&key) && expect(':', "colon");
}

// Behind a value: closes what ends here and steps over the comma to the next value.
bool JsonCursor::after_value(std::uint32_t floor) noexcept {
  while (depth_ > floor) {
    const bool object = in_object();
    bool more = false;
    if (!next(object ? '}' : ']', &more)) return false;
    if (more) return object ? member_start() : true;
    if (!close(object ? '}' : ']')) return false;
  }
  return true;
}

bool JsonCursor::scalar() noexcept {
  switch (peek()) {
    case '"': return skip_string();
    case 't': return skip_word("true");
    case 'f': return skip_word("false");
    case 'n': return skip_word("null");
    default: return skip_number();
  }
}

bool JsonCursor::skip_word(std::string_view word) noexcept {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
    return fail("value");
  at_ += word.size();
  return true;
}

bool JsonCursor::skip_digits() noexcept {
  if (at_ == end_ || !is_digit(*at_)) return fail("number");
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return true;
}

bool JsonCursor::skip_number() noexcept {
  if (at_ != end_ && *at_ == '-') ++at_;
  if (at_ == end_ || !is_digit(*at_)) return fail("value");
  if (*at_ == '0')
    ++at_;
  else
    skip_digits();
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!skip_digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!skip_digits()) return false;
  }
  return true;
}

bool JsonCursor::skip_string() noexcept {
  ++at_;
  for (;;) {
    while (end_ - at_ >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at_, 8);
      if (has_special(word)) break;
      at_ += 8;
    }
    if (at_ == end_) return fail("string");
    const auto c = static_cast<unsigned char>(*at_);
    if (c == '"') return ++at_, true;
    if (c < 0x20) return fail("control");
    if (c == '\\') {
      if (!skip_escape()) return false;
    } else if (c >= 0x80) {
      if (!skip_utf8()) return false;
    } else {
      ++at_;
    }
  }
}

bool JsonCursor::skip_escape() noexcept {
  if (end_ - at_ < 2) return fail("escape");
  if (at_[1] != 'u') {
    if (std::strchr("\"\\/bfnrt", at_[1]) == nullptr || at_[1] == '\0') return fail("escape");
    at_ += 2;
    return true;
  }
  if (end_ - at_ < 6 || !std::all_of(at_ + 2, at_ + 6, is_hex)) return fail("escape");
  at_ += 6;
  return true;
}

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool JsonCursor::skip_utf8() noexcept {
  const auto byte = [this](int i) { return static_cast<unsigned char>(at_[i]); };
  const unsigned char lead = byte(0);
  const int length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || end_ - at_ < length) return fail("utf8");
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  if (byte(1) < low || byte(1) > high) return fail("utf8");
  for (int i = 2; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xBF) return fail("utf8");
  at_ += length;
  return true;
}

}  // namespace gatehouse::jsonrpc
