// HTTP/1.x codec, sans-IO and strict: what it accepts is exactly what it understood (RFC 9112; rules P-1 to P-11, P-15 to
// P-18 are cited at the code). No sockets, no clock, no allocation, except for a path that had to be normalised.
//
// Reasons of refusals (metric labels, log field "reason"; the set is closed). 400 unless noted; a response: 502.
//   bytes          bare_lf bare_cr nul control_byte
//   sizes          uri_too_long 414, head_too_large field_too_large too_many_fields 431
//   request line   empty_request_line bad_request_line bad_method bad_version http_09, method_too_long 501,
//                  unsupported_version 505, method_not_allowed 405 (CONNECT, TRACE, authority-form)
//   target         bad_target asterisk_target bad_percent percent_control encoded_slash encoded_backslash backslash
//                  path_above_root dot_parameter overlong_utf8
//   fields         obs_fold space_before_colon bad_field_name missing_colon
//   host           missing_host duplicate_host bad_host bad_authority
//   framing        duplicate_content_length bad_content_length duplicate_transfer_encoding bad_transfer_encoding
//                  length_and_transfer_encoding transfer_encoding_in_http_10, unknown_transfer_coding 501
//   connection     bad_connection, unknown_expectation 417
//   chunked        bad_chunk_size chunk_too_large bad_chunk_extension chunk_extension_too_large bad_chunk_end bad_trailer
//                  trailer_too_large
//   response       bad_status_line, and those above that fit
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

// Why a message was refused. `status` answers a request; for a response it is always 502. `reason` is one of the list
// above, a string literal.
struct Refusal {
  int status = 0;
  const char* reason = "";
  bool refused() const noexcept { return status != 0; }
};

enum class ParseState : std::uint8_t { kIncomplete, kComplete, kRefused };

// Where a parser stands between two calls.
struct HeadProgress {
  const char* base = nullptr;  // start of the buffer at the last call
  std::size_t scanned = 0;
  std::size_t line_start = 0;
  std::uint64_t seen = 0;      // one bit for each FieldId
  std::uint64_t repeated = 0;
  std::uint8_t blank_lines = 0;
  bool first_line_done = false;
};

// Finds and parses one request head. Call parse() with the whole unconsumed buffer each time it grew (its start must
// stay the same bytes; it may have moved in memory) and the same head; what was seen before is not scanned again. Lines
// are checked as they arrive: bare LF, an over-long line or a bad field are refused at once. At most two leading CRLF are
// skipped and counted in RequestHead::size. A buffer of HeadLimits::head_bytes is enough: when it is full, the answer is
// not kIncomplete. After kComplete or kRefused call reset() before the next message.
class RequestParser {
 public:
  explicit RequestParser(HeadLimits limits = {}) noexcept : limits_(limits) {}
  ParseState parse(std::string_view buffer, RequestHead& head);
  const Refusal& refusal() const noexcept { return refusal_; }
  void reset() noexcept { progress_ = {}; refusal_ = {}; }

 private:
  HeadLimits limits_;
  Refusal refusal_;
  HeadProgress progress_;
};

// The same for a response head; `request` is the method it answers (HEAD and CONNECT change the framing). No leading
// CRLF. Transfer-Encoding wins over Content-Length and forbids reuse of the connection (keep_alive = false).
class ResponseParser {
 public:
  explicit ResponseParser(HeadLimits limits = {}) noexcept : limits_(limits) {}
  ParseState parse(std::string_view buffer, Method request, ResponseHead& head);
  const Refusal& refusal() const noexcept { return refusal_; }
  void reset() noexcept { progress_ = {}; refusal_ = {}; }

 private:
  HeadLimits limits_;
  Refusal refusal_;
  HeadProgress progress_;
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
  // Keeps the lines of the trailer section in `storage`, which outlives the decoder's use, until reset(). Without, and when
  // they do not fit, they are dropped.
  void keep_trailers(std::span<char> storage) noexcept { storage_ = storage; }
  std::span<char> trailers() const noexcept { return storage_.first(kept_); }  // whole lines with CRLF, once done()
  const Refusal& refusal() const noexcept { return refusal_; }
  bool done() const noexcept { return state_ == State::kDone; }
  void reset() noexcept { *this = ChunkedDecoder(); }

 private:
  enum class State : std::uint8_t { kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer, kDone, kRefused };
  void take(char c) noexcept;
  void take_size(char c) noexcept;
  void take_extension(char c) noexcept;
  void take_trailer(char c) noexcept;
  void begin_size() noexcept;
  void begin_data() noexcept;
  void refuse(const char* reason) noexcept;

  State state_ = State::kSize;
  Refusal refusal_;
  std::uint64_t size_ = 0;             // of the chunk, then what is left of it
  std::uint32_t digits_ = 0;
  std::uint32_t extension_bytes_ = 0;  // of this chunk
  std::uint32_t extension_total_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint32_t trailer_lines_ = 0;
  std::uint8_t sub_state_ = 0;         // position inside an extension or a trailer line
  std::span<char> storage_;            // of trailers
  std::size_t kept_ = 0;
};

// "1a2b\r\n" into `out` (18 bytes are enough); returns the used part. The chunk's data and a CRLF follow.
std::string_view write_chunk_head(std::span<char, 18> out, std::uint64_t size) noexcept;
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::size_t kMaxTrailerBytes = 8 * 1024;  // a trailer section may have

}  // namespace gatehouse::http
