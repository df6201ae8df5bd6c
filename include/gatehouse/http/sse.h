// Server-sent events (WHATWG HTML section 9.2), sans-IO.
//
//   SseParser parser;
//   while (true) {
//     switch (parser.next(input)) {          // takes bytes off the front of `input`
//       case SseStep::kEvent: use(parser.event()); break;
//       case SseStep::kNeedMore: …read more…
//       case SseStep::kRefused: …parser.refusal()…
//     }
//   }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::http {

// One block of lines up to a blank line. Browsers dispatch only blocks with data; a gateway also wants the id or retry of
// the others, and to know that a comment came by (keep-alive).
struct SseEvent {
  std::string event;                   // type; empty: "message"
  std::string data;                    // data lines joined with '\n'
  std::string id;
  std::optional<std::uint64_t> retry;  // milliseconds
  bool has_data = false;
  bool has_id = false;                 // an empty id resets the last event id
  bool comment = false;                // at least one comment line

  void clear() noexcept;
};

struct SseLimits {
  std::size_t line_bytes = 4 * 1024 * 1024;
  std::size_t event_bytes = 4 * 1024 * 1024;  // data of one event
};

enum class SseStep : std::uint8_t { kNeedMore, kEvent, kRefused };

// Takes CR, LF and CRLF as line ends and skips a leading byte order mark. A line's end is seen without waiting for the
// next byte. An event that is not closed by a blank line when the stream ends is dropped (as the standard says).
class SseParser {
 public:
  explicit SseParser(SseLimits limits = {}) noexcept : limits_(limits) {}
  SseStep next(std::string_view& input);              // kNeedMore: input is empty now
  const SseEvent& event() const noexcept { return event_; }  // after kEvent, until the next call
  const std::string& last_event_id() const noexcept { return last_event_id_; }
  const char* refusal() const noexcept { return refusal_; }  // "sse_line_too_large", "sse_event_too_large"

 private:
  bool take_line(std::string_view line);  // true: the block ended and says something
  bool take_field(std::string_view name, std::string_view value);  // false: to be ignored

  SseLimits limits_;
  SseEvent event_;
  std::string line_;
  std::string last_event_id_;
  const char* refusal_ = nullptr;
  bool first_line_ = true;
  bool skip_lf_ = false;
  bool yielded_ = false;
  bool pending_ = false;
};

// Appends one event. Empty `id` and `event` are left out; ones with CR, LF or NUL too. `data` may have several lines.
void write_sse_event(std::string& out, std::string_view id, std::string_view event, std::string_view data);

}  // namespace gatehouse::http
