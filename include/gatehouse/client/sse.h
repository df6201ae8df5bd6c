// Server-sent events, the reader's side: bytes in, events out. Source: HTML Living Standard, 9.2.6.
// LF, CR and CRLF end a line, also when a pair is split between two pieces; several data lines are joined with LF;
// comments and unknown fields are skipped; an event that the stream's end cuts off is dropped.
// Owner and thread: whoever made it; nothing to stop.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace gatehouse::client {

struct SseEvent {
  std::string name;  // "message" when the stream gives none
  std::string data;
  std::string id;    // the last id seen, also on events without one
};

class SseReader {
 public:
  explicit SseReader(std::size_t max_event_bytes = 16 * 1024 * 1024) : limit_(max_event_bytes) {}

  // Calls `sink` for each complete event until it says false. False: it did, or a line or an event is over the limit.
  bool feed(std::string_view piece, const std::function<bool(const SseEvent&)>& sink);

 private:
  bool line(const std::function<bool(const SseEvent&)>& sink);
  void field(std::string_view name, std::string_view value);

  std::size_t limit_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool first_line_ = true;
};

}  // namespace gatehouse::client
