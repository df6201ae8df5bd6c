// Writing JSON into a bounded buffer without allocation, for log lines. Reading JSON is the business of the rooms that
// need it.
//
//   char buffer[kMaxLogLine];
//   JsonLine line(buffer);
//   line.text("method", "GET");
//   line.integer("status", 200);
//   std::size_t size = line.finish();      // {"method":"GET","status":200}\n
//
// Whatever the values hold, the result is one line of valid JSON in UTF-8 (RFC 8259): control characters (also DEL, C1,
// U+2028, U+2029 and the bidirectional overrides, which fool terminals and readers) are escaped as \uXXXX, bytes that are
// no UTF-8 become U+FFFD. What does not fit is cut at a character, or left out, and the line then ends with
// "truncated":true. A JsonLine belongs to one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse {

inline constexpr std::size_t kMaxLogLine = 8192;  // bytes, with the newline

namespace json {

struct Appended {
  char* end;      // behind the last byte written
  bool complete;  // false: `text` was cut, at a character
};

// The inside of a JSON string (no quotes) into [at, limit).
Appended append_escaped(char* at, char* limit, std::string_view text) noexcept;

// True when append_escaped() would copy the text as it is.
bool is_clean(std::string_view text) noexcept;

// The text with every byte that is no UTF-8 replaced by U+FFFD.
std::string to_utf8(std::string_view text);

}  // namespace json

// A key known when we compile, so that it needs no escaping.
class LiteralKey {
 public:
  consteval LiteralKey(const char* text) : text_(text) {
    for (const char c : text_) {
      if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') throw "a literal key needs no escaping";
    }
  }
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

// Whole fields known when we compile, as they stand on the line: "level":"info","module":"edge".
class LiteralFields {
 public:
  consteval LiteralFields(const char* text) : text_(text) {}
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

class JsonLine {
 public:
  // At least 64 bytes. `prefix` (a journal level such as "<6>") goes before the object as it is.
  explicit JsonLine(std::span<char> buffer, std::string_view prefix = {}) noexcept;

  // `limit` bounds the escaped form, so that one long value cannot push out the fields behind it.
  void text(LiteralKey key, std::string_view value, std::size_t limit = kMaxLogLine) noexcept {
    if (open(key.text(), 2)) put_text(value, limit);
  }
  void integer(LiteralKey key, std::int64_t value) noexcept {
    if (open(key.text(), kNumberRoom)) put_integer(value);
  }
  void unsigned_integer(LiteralKey key, std::uint64_t value) noexcept {
    if (open(key.text(), kNumberRoom)) put_unsigned(value);
  }
  // Milliseconds with three decimals.
  void milliseconds(LiteralKey key, std::chrono::nanoseconds value) noexcept {
    if (open(key.text(), kNumberRoom)) put_milliseconds(value);
  }
  void number(LiteralKey key, double value) noexcept {  // null when not finite
    if (open(key.text(), kNumberRoom)) put_number(value);
  }
  void boolean(LiteralKey key, bool value) noexcept {
    if (open(key.text(), 5)) put_raw(value ? "true" : "false");
  }

  // Not the first fields of the line.
  void fields(LiteralFields literal) noexcept {
    if (static_cast<std::size_t>(limit_ - at_) < literal.text().size() + 1) {
      truncated_ = true;
      return;
    }
    *at_++ = ',';
    put_raw(literal.text());
  }

  // The same with keys that come from a variable.
  void named_text(std::string_view key, std::string_view value) noexcept;
  void named_integer(std::string_view key, std::int64_t value) noexcept;
  void named_number(std::string_view key, double value) noexcept;
  void named_boolean(std::string_view key, bool value) noexcept;

  void timestamp(LiteralKey key, std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds> time) noexcept;

  bool truncated() const noexcept { return truncated_; }

  // Closes the object and adds the newline; the size of the whole line. Call once.
  std::size_t finish() noexcept;

 private:
  static constexpr std::size_t kNumberRoom = 32;
  static constexpr std::string_view kCutEnd = ",\"truncated\":true}\n";

  // Writes the separator and the key, if it and `room` more bytes fit.
  bool open(std::string_view key, std::size_t room) noexcept {
    if (static_cast<std::size_t>(limit_ - at_) < key.size() + 4 + room) {
      truncated_ = true;
      return false;
    }
    *at_ = ',';
    at_[1] = '"';
    at_ += first_ ? 0 : 1;
    *at_++ = '"';
    first_ = false;
    std::memcpy(at_, key.data(), key.size());
    at_ += key.size();
    at_[0] = '"';
    at_[1] = ':';
    at_ += 2;
    return true;
  }
  bool open_named(std::string_view key, std::size_t room) noexcept;
  void put_text(std::string_view value, std::size_t limit) noexcept;
  void put_integer(std::int64_t value) noexcept;
  void put_unsigned(std::uint64_t value) noexcept;
  void put_milliseconds(std::chrono::nanoseconds value) noexcept;
  void put_number(double value) noexcept;
  void put_raw(std::string_view value) noexcept {
    if (!value.empty()) std::memcpy(at_, value.data(), value.size());  // an empty view may be null
    at_ += value.size();
  }

  char* begin_;
  char* at_;
  char* limit_;  // leaves room for kCutEnd
  bool first_ = true;
  bool truncated_ = false;
};

}  // namespace gatehouse
