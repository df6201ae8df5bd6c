#include <charconv>
#include <limits>

#include "chars.h"
#include "gatehouse/base/encoding.h"
#include "gatehouse/http/h1.h"
#include "scan.h"

namespace gatehouse::http {
namespace {

constexpr std::uint32_t kMaxDigits = 16;
constexpr std::uint32_t kMaxExtension = 4 * 1024;
constexpr std::uint32_t kMaxExtensions = 16 * 1024;
constexpr std::uint64_t kMaxChunk = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Inside an extension: ;name=value;name="value"
enum Extension : std::uint8_t { kNameStart, kName, kValueStart, kValue, kQuoted, kQuotedPair, kAfterQuoted, kBroken };
// Inside the trailer section.
enum Trailer : std::uint8_t { kLineStart, kTrailerName, kTrailerValue, kLineLf, kLastLf };

Extension after_item(char c) noexcept { return c == ';' ? kNameStart : kBroken; }

Extension next_extension(std::uint8_t at, char c) noexcept {
  const bool token = is(c, kTchar);
  const bool visible = !is_control(c) && static_cast<unsigned char>(c) < 0x80;
  switch (static_cast<Extension>(at)) {
    case kNameStart: return token ? kName : kBroken;
    case kName: return token ? kName : c == '=' ? kValueStart : after_item(c);
    case kValueStart: return token ? kValue : c == '"' ? kQuoted : kBroken;
    case kValue: return token ? kValue : after_item(c);
    case kQuoted: return c == '"' ? kAfterQuoted : c == '\\' ? kQuotedPair : visible ? kQuoted : kBroken;
    case kQuotedPair: return visible ? kQuoted : kBroken;
    case kAfterQuoted: return after_item(c);
    case kBroken: break;
  }
  return kBroken;
}

bool may_end_extension(std::uint8_t at) noexcept { return at == kName || at == kValue || at == kAfterQuoted; }

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view input) {
  std::size_t at = 0;
  while (at < input.size() && state_ != State::kDone && state_ != State::kRefused) {
    if (state_ == State::kData) {
      const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(size_, input.size() - at));
      size_ -= run;
      if (size_ == 0) state_ = State::kDataCr;
      return {ParseState::kIncomplete, at + run, input.substr(at, run)};
    }
    take(input[at++]);
  }
  if (state_ == State::kRefused) return {ParseState::kRefused, at, {}};
  return {state_ == State::kDone ? ParseState::kComplete : ParseState::kIncomplete, at, {}};
}

void ChunkedDecoder::refuse(const char* reason) noexcept {
  refusal_ = {400, reason};
  state_ = State::kRefused;
}

void ChunkedDecoder::take(char c) noexcept {
  switch (state_) {
    case State::kSize: return take_size(c);
    case State::kExtension: return take_extension(c);
    case State::kSizeLf: return c == '\n' ? begin_data() : refuse("bare_cr");
    case State::kDataCr: return c == '\r' ? void(state_ = State::kDataLf) : refuse("bad_chunk_end");
    case State::kDataLf: return c == '\n' ? begin_size() : refuse("bad_chunk_end");
    case State::kTrailer: return take_trailer(c);
    case State::kData:
    case State::kDone:
    case State::kRefused: return;
  }
}

void ChunkedDecoder::begin_size() noexcept {
  state_ = State::kSize;
  size_ = digits_ = extension_bytes_ = 0;
}

void ChunkedDecoder::begin_data() noexcept {
  sub_state_ = kLineStart;
  state_ = size_ == 0 ? State::kTrailer : State::kData;
}

void ChunkedDecoder::take_size(char c) noexcept {
  if (const int digit = hex_value(c); digit >= 0) {
    if (++digits_ > kMaxDigits) return refuse("chunk_too_large");
    size_ = size_ * 16 + static_cast<unsigned>(digit);
    return;
  }
  if (digits_ == 0) return refuse("bad_chunk_size");
  if (size_ > kMaxChunk) return refuse("chunk_too_large");
  sub_state_ = kNameStart;
  if (c == ';') state_ = State::kExtension;
  else if (c == '\r') state_ = State::kSizeLf;
  else refuse(c == '\n' ? "bare_lf" : "bad_chunk_size");
}

void ChunkedDecoder::take_extension(char c) noexcept {
  if (++extension_bytes_ > kMaxExtension || ++extension_total_ > kMaxExtensions) return refuse("chunk_extension_too_large");
  if (c == '\r' && may_end_extension(sub_state_)) return void(state_ = State::kSizeLf);
  if (c == '\n') return refuse("bare_lf");
  sub_state_ = next_extension(sub_state_, c);
  if (sub_state_ == kBroken) refuse("bad_chunk_extension");
}

// Trailers are checked like fields (P-8).
void ChunkedDecoder::take_trailer(char c) noexcept {
  if (++trailer_bytes_ > kMaxTrailerBytes) return refuse("trailer_too_large");
  if (kept_ < storage_.size()) storage_[kept_++] = c;
  if (c == '\n' && sub_state_ < kLineLf) return refuse("bare_lf");
  switch (static_cast<Trailer>(sub_state_)) {
    case kLineStart:
      if (c == '\r') return void(sub_state_ = kLastLf);
      if (c == ' ' || c == '\t') return refuse("obs_fold");
      if (++trailer_lines_ > kMaxFields) return refuse("too_many_fields");
      return is(c, kTchar) ? void(sub_state_ = kTrailerName) : refuse("bad_trailer");
    case kTrailerName:
      if (c == ':') sub_state_ = kTrailerValue;
      else if (!is(c, kTchar)) refuse("bad_trailer");
      return;
    case kTrailerValue:
      if (c == '\r') sub_state_ = kLineLf;
      else if (is_control(c)) refuse("bad_trailer");
      return;
    case kLineLf: return c == '\n' ? void(sub_state_ = kLineStart) : refuse("bare_cr");
    case kLastLf:
      if (c != '\n') return refuse("bare_cr");
      kept_ = trailer_bytes_ <= kept_ ? trailer_bytes_ - 2 : 0;  // without the blank line
      state_ = State::kDone;
      return;
  }
}

std::string_view write_chunk_head(std::span<char, 18> out, std::uint64_t size) noexcept {
  char* end = std::to_chars(out.data(), out.data() + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {out.data(), static_cast<std::size_t>(end - out.data())};
}

}  // namespace gatehouse::http
