// Byte classes of HTTP/1.1 and URIs as one table. Private to the room.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gatehouse::http {

inline constexpr std::uint8_t kTchar = 1;        // RFC 9110 section 5.6.2
inline constexpr std::uint8_t kDigit = 2;
inline constexpr std::uint8_t kUnreserved = 8;   // RFC 3986 section 2.3
inline constexpr std::uint8_t kPathPlain = 16;   // stands for itself in a path and needs no work; '/' is not in it
inline constexpr std::uint8_t kQueryPlain = 32;
inline constexpr std::uint8_t kHostChar = 64;    // of a registered name, stricter than RFC 3986

consteval std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&table](std::string_view bytes, int bits) {
    for (const char c : bytes) table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(bits);
  };
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  mark(letters, kTchar | kUnreserved | kHostChar);
  mark("0123456789", kTchar | kDigit | kUnreserved | kHostChar);
  mark("!#$%&'*+-.^_`|~", kTchar);
  mark("-._~", kUnreserved);
  mark("-._", kHostChar);
  for (int c = 0x21; c < 0x7f; ++c) table[static_cast<std::size_t>(c)] |= kPathPlain | kQueryPlain;
  for (const char c : std::string_view("%#/?\\\"<>")) table[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~kPathPlain);
  for (const char c : std::string_view("%#")) table[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~kQueryPlain);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

inline bool is(char c, std::uint8_t bits) noexcept { return (kClasses[static_cast<unsigned char>(c)] & bits) != 0; }

inline bool all_are(std::string_view text, std::uint8_t bits) noexcept {
  for (const char c : text)
    if (!is(c, bits)) return false;
  return true;
}

inline char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string_view trim(std::string_view text) noexcept {  // OWS: SP and HTAB
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the next member off a comma separated list; members are trimmed and may be empty. Not for quoted commas.
inline std::string_view take_member(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view member = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return member;
}

}  // namespace gatehouse::http
