// HTTP/1.x codec, sans-IO and strict: what it accepts is exactly what it understood (RFC 9112; rules P-1 to P-11, P-15 to
// P-18 are cited at the code). No sockets, no clock, no allocation, except for a path that had to be normalised.
#pragma once

#include <cstdint>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

// Why a message was refused. `status` answers a request; for a response it is always 502. `reason` is a metric label and
// a log field: "bare_lf", "duplicate_host", "head_too_large" …
struct Refusal {
  int status = 0;
  const char* reason = "";
};

enum class ParseState : std::uint8_t { kIncomplete, kComplete, kRefused };

// Finds and parses one request head. Call parse() with the whole unconsumed buffer each time it grew (its start must
// stay the same bytes; it may have moved in memory); what was seen before is not scanned again. At most two leading CRLF
// are skipped and counted in RequestHead::size. After kComplete or kRefused call reset() before the next message.
class RequestParser {
 public:
  explicit RequestParser(HeadLimits limits = {}) noexcept : limits_(limits) {}
  ParseState parse(std::string_view buffer, RequestHead& head);
  const Refusal& refusal() const noexcept { return refusal_; }
  void reset() noexcept { scanned_ = line_start_ = 0; started_ = false; refusal_ = {}; }

 private:
  HeadLimits limits_;
  Refusal refusal_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
  bool started_ = false;
};

// The same for a response head; `request` is the method it answers (HEAD and CONNECT change the framing).
class ResponseParser {
 public:
  explicit ResponseParser(HeadLimits limits = {}) noexcept : limits_(limits) {}
  ParseState parse(std::string_view buffer, Method request, ResponseHead& head);
  const Refusal& refusal() const noexcept { return refusal_; }
  void reset() noexcept { scanned_ = line_start_ = 0; refusal_ = {}; }

 private:
  HeadLimits limits_;
  Refusal refusal_;
  std::size_t scanned_ = 0;
  std::size_t line_start_ = 0;
};

// Takes the chunked coding apart (P-7, P-8). feed() consumes a prefix of `input` and reports at most one run of payload
// bytes, a view into `input`; call again with the rest until it consumed everything or says kComplete.
class ChunkedDecoder {
 public:
  struct Step {
    ParseState state = ParseState::kIncomplete;  // kComplete: last chunk and trailer section are behind us
    std::size_t consumed = 0;
    std::string_view payload;
  };
  Step feed(std::string_view input);
  const Refusal& refusal() const noexcept { return refusal_; }
  bool done() const noexcept { return state_ == State::kDone; }
  void reset() noexcept { *this = ChunkedDecoder(); }

 private:
  enum class State : std::uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kDone, kRefused };
  State state_ = State::kSize;
  Refusal refusal_;
  std::uint64_t size_ = 0;             // of the chunk, then what is left of it
  std::uint32_t digits_ = 0;
  std::uint32_t extension_bytes_ = 0;  // of this chunk
  std::uint32_t extension_total_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint32_t trailer_line_ = 0;
  std::uint8_t sub_state_ = 0;         // position inside an extension or a trailer line
};

// "1a2b\r\n" into `out` (18 bytes are enough); returns the used part. The chunk's data and a CRLF follow.
std::string_view write_chunk_head(std::span<char, 18> out, std::uint64_t size) noexcept;
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace gatehouse::http
