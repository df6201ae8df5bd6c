#include "gatehouse/base/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "gatehouse/base/check.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse {
namespace json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

constexpr bool clean_byte(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

constexpr auto kClean = [] {
  std::array<bool, 256> table{};
  for (unsigned c = 0; c < 256; ++c) table[c] = clean_byte(static_cast<unsigned char>(c));
  return table;
}();

constexpr std::uint64_t repeat(unsigned char c) { return kOnes * c; }
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word; }

// Eight bytes at a time: none below 0x20, none above 0x7e, no quote, no backslash. A borrow from a lower byte can only
// make a clean byte above a dirty one look dirty, so the answer for the whole word is exact.
bool clean_word(std::uint64_t word) {
  const std::uint64_t dirty = word | (word - repeat(0x20)) | zero_bytes(word ^ repeat('"')) |
                              zero_bytes(word ^ repeat('\\')) | (word + kOnes);
  return (dirty & kHighs) == 0;
}

template <class Word>
Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Sixteen bytes at a time.
bool clean_block(std::uint64_t low, std::uint64_t high) {
#ifdef __SSE2__
  const __m128i bytes = _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  const __m128i printable = _mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1f));  // signed, so it excludes 0x80 and above
  const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                       _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')),
                                                    _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))));
  return _mm_movemask_epi8(_mm_andnot_si128(special, printable)) == 0xffff;
#else
  return clean_word(low) && clean_word(high);
#endif
}

// Two loads that overlap cover Half to twice Half bytes without a loop.
template <class Half>
bool copy_overlapping(char* out, const char* in, std::size_t size) {
  const Half low = load<Half>(in);
  const Half high = load<Half>(in + size - sizeof(Half));
  const bool clean = sizeof(Half) == 8 ? clean_block(low, high) : clean_word(std::uint64_t{high} << 32 | low);
  if (!clean) return false;
  std::memcpy(out, &low, sizeof(Half));
  std::memcpy(out + size - sizeof(Half), &high, sizeof(Half));
  return true;
}

bool copy_tiny(char* out, const char* in, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (!kClean[static_cast<unsigned char>(in[i])]) return false;
    out[i] = in[i];
  }
  return true;
}

// The common case: all of a text is clean. What is at `out` after a false is of no use.
bool copy_if_clean(char* out, const char* in, std::size_t size) {
  for (; size > 16; size -= 16, in += 16, out += 16) {
    const auto low = load<std::uint64_t>(in), high = load<std::uint64_t>(in + 8);
    if (!clean_block(low, high)) return false;
    std::memcpy(out, &low, 8);
    std::memcpy(out + 8, &high, 8);
  }
  if (size >= 8) return copy_overlapping<std::uint64_t>(out, in, size);
  if (size >= 4) return copy_overlapping<std::uint32_t>(out, in, size);
  return copy_tiny(out, in, size);
}

// Copies clean bytes while they last; both pointers advance.
void copy_clean(char*& out, const char*& in, std::size_t count) {
  const char* const end = in + count;
  while (end - in >= 8) {
    const auto word = load<std::uint64_t>(in);
    if (!clean_word(word)) break;
    std::memcpy(out, &word, 8);
    in += 8;
    out += 8;
  }
  while (in != end && kClean[static_cast<unsigned char>(*in)]) *out++ = *in++;
}

struct Rune {
  std::uint32_t value;
  std::size_t size;  // 0: no UTF-8 begins here
};

bool continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
Rune decode(const char* in, const char* end) {
  const auto byte = [in](std::size_t i) { return static_cast<unsigned char>(in[i]); };
  const auto left = static_cast<std::size_t>(end - in);
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xc2 && lead <= 0xdf ? 2 : (lead & 0xf0) == 0xe0 ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (size == 0 || left < size) return {0, 0};
  std::uint32_t value = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if (!continuation(byte(i))) return {0, 0};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool bad = value < kLeast[size] || (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff;
  return bad ? Rune{0, 0} : Rune{value, size};
}

bool must_escape(std::uint32_t rune) {
  return rune < 0x20 || (rune >= 0x7f && rune <= 0x9f) || (rune >= 0x200e && rune <= 0x200f) ||
         (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) || rune == 0xfeff;
}

char short_escape(std::uint32_t rune) {
  switch (rune) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

// The form of one character in a string; at most 6 bytes at `out`.
std::size_t spell(char* out, Rune rune, const char* in) {
  if (rune.size == 0) {
    std::memcpy(out, kReplacement.data(), kReplacement.size());
    return kReplacement.size();
  }
  if (const char letter = short_escape(rune.value)) {
    out[0] = '\\';
    out[1] = letter;
    return 2;
  }
  if (!must_escape(rune.value)) {
    std::memcpy(out, in, rune.size);
    return rune.size;
  }
  constexpr char kHex[] = "0123456789abcdef";
  out[0] = '\\';
  out[1] = 'u';
  for (int i = 0; i < 4; ++i) out[2 + i] = kHex[rune.value >> (12 - 4 * i) & 0xf];
  return 6;
}

}  // namespace

Appended append_escaped(char* at, char* limit, std::string_view text) noexcept {
  if (static_cast<std::size_t>(limit - at) >= text.size() && copy_if_clean(at, text.data(), text.size())) {
    return {at + text.size(), true};
  }
  const char* in = text.data();
  const char* const end = in + text.size();
  while (true) {
    copy_clean(at, in, static_cast<std::size_t>(std::min(end - in, limit - at)));
    if (in == end) return {at, true};
    if (at == limit) return {at, false};
    const Rune rune = decode(in, end);
    char spelled[8];
    const std::size_t size = spell(spelled, rune, in);
    if (static_cast<std::size_t>(limit - at) < size) return {at, false};
    std::memcpy(at, spelled, size);
    at += size;
    in += std::max<std::size_t>(rune.size, 1);
  }
}

bool is_clean(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return kClean[static_cast<unsigned char>(c)]; });
}

std::string to_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  const char* const end = text.data() + text.size();
  for (const char* in = text.data(); in != end;) {
    const Rune rune = decode(in, end);
    result.append(rune.size == 0 ? kReplacement : std::string_view(in, rune.size));
    in += std::max<std::size_t>(rune.size, 1);
  }
  return result;
}

}  // namespace json

JsonLine::JsonLine(std::span<char> buffer, std::string_view prefix) noexcept
    : begin_(buffer.data()), at_(begin_), limit_(begin_ + buffer.size() - kCutEnd.size()) {
  GATEHOUSE_CHECK(buffer.size() >= 64 && prefix.size() <= 8);
  put_raw(prefix);
  *at_++ = '{';
}

bool JsonLine::open_named(std::string_view key, std::size_t room) noexcept {
  if (json::is_clean(key)) return open(key, room);
  char escaped[256];
  const auto [end, complete] = json::append_escaped(escaped, escaped + sizeof escaped, key);
  return open({escaped, end}, room);
}

void JsonLine::put_text(std::string_view value, std::size_t limit) noexcept {
  *at_++ = '"';
  char* const stop = at_ + std::min(limit, static_cast<std::size_t>(limit_ - at_ - 1));
  const auto [end, complete] = json::append_escaped(at_, stop, value);
  at_ = end;
  *at_++ = '"';
  truncated_ |= !complete;
}

void JsonLine::put_integer(std::int64_t value) noexcept { at_ = std::to_chars(at_, at_ + kNumberRoom, value).ptr; }
void JsonLine::put_unsigned(std::uint64_t value) noexcept { at_ = std::to_chars(at_, at_ + kNumberRoom, value).ptr; }

void JsonLine::put_milliseconds(std::chrono::nanoseconds value) noexcept {
  const auto total = static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0) / 1000);
  put_unsigned(total / 1000);
  const auto thousandths = static_cast<unsigned>(total % 1000);
  at_[0] = '.';
  at_[1] = static_cast<char>('0' + thousandths / 100);
  at_[2] = static_cast<char>('0' + thousandths / 10 % 10);
  at_[3] = static_cast<char>('0' + thousandths % 10);
  at_ += 4;
}

void JsonLine::put_number(double value) noexcept {
  if (!std::isfinite(value)) return put_raw("null");
  at_ = std::to_chars(at_, at_ + kNumberRoom, value).ptr;
}

void JsonLine::named_text(std::string_view key, std::string_view value) noexcept {
  if (open_named(key, 2)) put_text(value, kMaxLogLine);
}
void JsonLine::named_integer(std::string_view key, std::int64_t value) noexcept {
  if (open_named(key, kNumberRoom)) put_integer(value);
}
void JsonLine::named_number(std::string_view key, double value) noexcept {
  if (open_named(key, kNumberRoom)) put_number(value);
}
void JsonLine::named_boolean(std::string_view key, bool value) noexcept {
  if (open_named(key, 5)) put_raw(value ? "true" : "false");
}

void JsonLine::timestamp(LiteralKey key, WallTime time) noexcept {
  if (!open(key.text(), kTimestampSize + 2)) return;
  *at_++ = '"';
  write_timestamp(at_, time);
  at_ += kTimestampSize;
  *at_++ = '"';
}

std::size_t JsonLine::finish() noexcept {
  if (truncated_) {
    put_raw(first_ ? kCutEnd.substr(1) : kCutEnd);
  } else {
    put_raw("}\n");
  }
  return static_cast<std::size_t>(at_ - begin_);
}

}  // namespace gatehouse
