#include "answers.h"

#include <utility>

#include "gatehouse/http/sse.h"

namespace gatehouse::mcp {

http::Response sse_head() {
  http::Response head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  return head;
}

int Answers::status_of(const Event& event) const {
  if (event.type == Event::Type::kFailed) return event.refusal.status;
  if (!modern_ || !event.error_code) return 200;
  if (*event.error_code == kMethodNotFound) return 404;
  return *event.error_code <= kHeaderMismatch && *event.error_code >= kUnsupportedVersion ? 400 : 200;
}

void Answers::note(const Event& event) {
  if (event.type == Event::Type::kResponse) return note_answer(outcome_, event.error_code, event.is_error);
  outcome_.result = event.refusal.reason == "cancelled" ? "cancelled" : "transport_error";
  outcome_.error = event.refusal.reason;
}

runtime::Task<bool> Answers::begin() {
  if (std::exchange(streaming_, true)) co_return true;
  http::Response head = sse_head();
  head.headers.insert(head.headers.end(), headers_.begin(), headers_.end());
  if (!co_await exchange_.begin_stream(std::move(head))) co_return false;
  for (const std::string& answer : std::exchange(ready_, {}))
    if (!co_await send_event(answer)) co_return false;
  co_return true;
}

runtime::Task<bool> Answers::send_event(std::string_view data) {
  std::string event;
  http::write_sse_event(event, {}, "message", data);
  co_return co_await exchange_.send(event);
}

runtime::Task<bool> Answers::keep_alive() {
  if (!co_await begin()) co_return false;
  co_return co_await exchange_.send(kPingComment);
}

runtime::Task<bool> Answers::take(Event event) {
  if (event.type == Event::Type::kClosed) co_return true;
  if (event.type == Event::Type::kMessage) {
    if (!co_await begin()) co_return false;
    co_return co_await send_event(event.bytes);
  }
  note(event);
  std::erase(open_, event.id);
  if (closed_quietly(event)) co_return co_await begin();
  std::string bytes = std::move(event.bytes);
  if (event.type == Event::Type::kFailed) bytes = error_body(event.id, event.refusal);
  if (streaming_) co_return co_await send_event(bytes);
  if (!batch_) status_ = status_of(event);
  ready_.push_back(std::move(bytes));
  co_return true;
}

runtime::Task<bool> Answers::fail_open(Refusal refusal) {
  bool alive = true;
  for (const std::string& id : std::vector<std::string>(open_)) {
    Event failed{.type = Event::Type::kFailed, .id = id, .refusal = refusal};
    alive = alive && co_await take(std::move(failed));
  }
  co_return alive;
}

runtime::Task<void> Answers::finish() {
  if (streaming_) {
    co_await exchange_.end_stream();
    co_return;
  }
  http::Response response;
  response.status = status_;
  response.content_type = "application/json";
  response.headers = headers_;
  if (status_ == 503) response.headers.emplace_back("Retry-After", "5");
  if (batch_) response.body = "[";
  for (const std::string& answer : ready_) {
    if (response.body.size() > 1) response.body += ',';
    response.body += answer;
  }
  if (batch_) response.body += ']';
  co_await exchange_.respond(std::move(response));
}

}  // namespace gatehouse::mcp
