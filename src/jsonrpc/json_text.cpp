#include "json_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace gatehouse::jsonrpc {

namespace {

// Behind "\u": four hex digits that the scanner has checked.
unsigned hex4(const char* at) noexcept {
  unsigned value = 0;
  std::from_chars(at, at + 4, value, 16);
  return value;
}

std::size_t put_utf8(unsigned point, char* out) noexcept {
  const auto put = [out](std::size_t i, unsigned value) { out[i] = static_cast<char>(value); };
  if (point < 0x80) return put(0, point), 1;
  if (point < 0x800) return put(0, 0xC0 | point >> 6), put(1, 0x80 | (point & 0x3F)), 2;
  if (point < 0x10000)
    return put(0, 0xE0 | point >> 12), put(1, 0x80 | (point >> 6 & 0x3F)), put(2, 0x80 | (point & 0x3F)), 3;
  return put(0, 0xF0 | point >> 18), put(1, 0x80 | (point >> 12 & 0x3F)), put(2, 0x80 | (point >> 6 & 0x3F)),
         put(3, 0x80 | (point & 0x3F)), 4;
}

// The code point of the \u escape(s) at `at`, and how many bytes they take; nothing for a lone surrogate.
std::optional<unsigned> escaped_point(std::string_view at, std::size_t* taken) noexcept {
  const unsigned high = hex4(at.data() + 2);
  *taken = 6;
  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || at.size() < 12 || at[6] != '\\' || at[7] != 'u') return std::nullopt;
  const unsigned low = hex4(at.data() + 8);
  if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
  *taken = 12;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

char simple_escape(char c) noexcept {
  static constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
  const std::size_t at = kFrom.find(c);
  return at == std::string_view::npos ? c : kTo[at];
}

}  // namespace

std::optional<std::size_t> decode_into(Raw raw, std::span<char> out) {
  if (raw.size() < 2 || raw.front() != '"') return std::nullopt;
  std::string_view text = raw.substr(1, raw.size() - 2);
  std::size_t size = 0;
  while (!text.empty()) {
    if (out.size() - size < 4) return std::nullopt;
    std::size_t taken = 1;
    if (text[0] != '\\') {
      out[size++] = text[0];
    } else if (text[1] != 'u') {
      out[size++] = simple_escape(text[1]);
      taken = 2;
    } else {
      const std::optional<unsigned> point = escaped_point(text, &taken);
      if (!point) return std::nullopt;
      size += put_utf8(*point, out.data() + size);
    }
    text.remove_prefix(taken);
  }
  return size;
}

std::optional<std::string> decode_string(Raw raw) {
  std::string out(raw.size() + 4, '\0');
  const std::optional<std::size_t> size = decode_into(raw, out);
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

bool is_id(Raw raw) noexcept {
  if (raw.empty()) return false;
  if (raw.front() != '"') {
    const std::string_view digits = raw.front() == '-' ? raw.substr(1) : raw;
    return !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  for (std::size_t at = raw.find('\\'); at != Raw::npos; at = raw.find('\\', at)) {
    std::size_t taken = 2;
    if (raw[at + 1] == 'u' && !escaped_point(raw.substr(at), &taken)) return false;
    at += taken;
  }
  return true;
}

}  // namespace gatehouse::jsonrpc
