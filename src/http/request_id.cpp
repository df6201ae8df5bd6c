#include "gatehouse/http/request_id.h"

#include <bit>
#include <cstring>

#include "chars.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::http {
namespace {

bool lower_hex(std::string_view text) noexcept {
  for (const char c : text)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  return true;
}

bool all_zero(std::string_view text) noexcept { return text.find_first_not_of('0') == std::string_view::npos; }

void put_hex(char* out, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
}

void put_base32(char* out, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i-- > 0; value >>= 5) out[i] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[value & 31];
}

// A bijection (SplitMix64's finisher): different counters give different numbers.
std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

bool valid_request_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128) return false;
  for (const char c : text)
    if (!is(c, kUnreserved) || c == '~') return false;
  return true;
}

bool parse_traceparent(std::string_view text, Traceparent& out) noexcept {
  if (text.size() != kTraceparentSize || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const std::string_view trace = text.substr(3, 32), parent = text.substr(36, 16), flags = text.substr(53);
  if (!lower_hex(trace) || !lower_hex(parent) || !lower_hex(flags) || all_zero(trace) || all_zero(parent)) return false;
  out = {trace, parent, static_cast<std::uint8_t>(hex_value(flags[0]) * 16 + hex_value(flags[1]))};
  return true;
}

IdSource::IdSource(std::span<const std::uint8_t, 32> seed) noexcept { std::memcpy(key_, seed.data(), sizeof key_); }

std::uint64_t IdSource::next() noexcept {
  std::uint64_t value = 0;
  while (value == 0) value = mix((++counter_ + key_[0]) ^ key_[1]);
  return value;
}

void IdSource::request_id(runtime::WallTime time, std::span<char, kRequestIdSize> out) noexcept {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  const std::uint64_t low = next();
  const std::uint64_t high = mix(counter_ + key_[2]) & 0xffff;  // the 16 bits above
  put_base32(out.data(), static_cast<std::uint64_t>(milliseconds) & 0xffffffffffff, 10);
  put_base32(out.data() + 10, high << 4 | low >> 60, 4);
  put_base32(out.data() + 14, low, 12);
}

void IdSource::traceparent(const Traceparent* parent, std::span<char, kTraceparentSize> out) noexcept {
  char* text = out.data();
  std::memcpy(text, "00-", 3);
  if (parent != nullptr) {
    std::memcpy(text + 3, parent->trace_id.data(), 32);
  } else {
    put_hex(text + 3, mix(counter_ + key_[3]), 16);
    put_hex(text + 19, next(), 16);
  }
  text[35] = text[52] = '-';
  put_hex(text + 36, next(), 16);
  put_hex(text + 53, parent != nullptr ? parent->flags : 0, 2);
}

}  // namespace gatehouse::http
