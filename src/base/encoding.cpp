#include "gatehouse/base/encoding.h"

#include <array>

#include "gatehouse/base/json.h"

namespace gatehouse {
namespace {

constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Values = std::array<std::int8_t, 256>;

consteval Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}

constexpr Values kUrlValues = values_of(kUrl);
constexpr Values kStandardValues = values_of(kStandard);

// Without padding.
std::optional<std::string> decode64(std::string_view text, const Values& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xff));
  }
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

// Without padding.
std::string encode64(std::span<const std::uint8_t> bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text.push_back(alphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(alphabet[bits << (6 - count) & 63]);
  return text;
}

}  // namespace

std::string encode_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

std::string encode_base64url(std::span<const std::uint8_t> bytes) { return encode64(bytes, kUrl); }

std::string encode_base64(std::span<const std::uint8_t> bytes) {
  std::string text = encode64(bytes, kStandard);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> decode_base64url(std::string_view text) { return decode64(text, kUrlValues); }

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  return decode64(text.substr(0, text.size() - padding), kStandardValues);
}

int percent_value(std::string_view text, std::size_t at) noexcept {
  if (text.size() - at < 3) return -1;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<std::string> decode_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    const int value = percent_value(text, i);
    if (value < 0) return std::nullopt;
    out.push_back(static_cast<char>(value));
    i += 2;
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::size_t kLongest = 6;  // \u0000 for one byte
  const std::size_t begin = out.size() + 1;
  out.push_back('"');
  for (const std::size_t room : {text.size(), text.size() * kLongest}) {  // most texts need no escape
    out.resize(begin + room);
    const auto [end, complete] = json::append_escaped(out.data() + begin, out.data() + begin + room, text);
    if (!complete) continue;
    out.resize(static_cast<std::size_t>(end - out.data()));
    break;
  }
  out.push_back('"');
}

}  // namespace gatehouse
