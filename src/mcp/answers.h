// Answers: what a child says to the requests of one POST, on its way to the client. One JSON document when nothing but answers
// came, else a stream of events.
//
// Owner: the exchange's frame. Thread: its loop's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exchange_context.h"
#include "gatehouse/stdio/inbox.h"

namespace gatehouse::mcp {

using stdio::Event;

inline constexpr std::string_view kPingComment = ": ping\n\n";

http::Response sse_head();

class Answers {
 public:
  Answers(http::Exchange& exchange, const Post& post) : exchange_(exchange), modern_(post.era == Era::kModern), batch_(post.batch), open_(post.request_ids()) {}

  bool done() const noexcept { return open_.empty(); }
  Outcome& outcome() noexcept { return outcome_; }
  http::Headers& headers() noexcept { return headers_; }

  runtime::Task<bool> take(Event event);
  runtime::Task<bool> fail_open(Refusal refusal);   // whatever was not answered yet
  runtime::Task<bool> keep_alive();
  runtime::Task<void> finish();

 private:
  bool closed_quietly(const Event& event) const { return event.type == Event::Type::kFailed && event.refusal.reason == "cancelled"; }
  void note(const Event& event);
  int status_of(const Event& event) const;
  runtime::Task<bool> begin();
  runtime::Task<bool> send_event(std::string_view data);

  http::Exchange& exchange_;
  const bool modern_;
  const bool batch_;
  std::vector<std::string> open_;
  std::vector<std::string> ready_;   // answers, until it is clear that no stream is needed
  http::Headers headers_;
  Outcome outcome_;
  int status_ = 200;
  bool streaming_ = false;
};

}  // namespace gatehouse::mcp
