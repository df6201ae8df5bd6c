#include "relay.h"

#include <algorithm>
#include <utility>

#include "gatehouse/http/media.h"

namespace gatehouse::mcp {

namespace {

constexpr std::size_t kWholeDocument = 256 * 1024;

bool contains_fold(std::string_view text, std::string_view word) noexcept {
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i)
    if (http::equals_ignoring_case(text.substr(i, word.size()), word)) return true;
  return false;
}

// Servers say "no such session" as 404, or as 400 with a text about it. Errors about the method or its parameters are
// answers, whatever the status.
bool session_expired(int status, std::string_view body, Raw id) {
  if (status != 404 && status != 400) return false;
  const Envelope answer = scan(body, {.max_depth = kServerDepth});
  const bool about_request = answer.error_code == kMethodNotFound || answer.error_code == kInvalidParams;
  if (answer.kind == Kind::kResponse && about_request && !id.empty() && answer.id == id) return false;
  return status == 404 || contains_fold(answer.error.empty() ? body : answer.error, "session");
}

// Answers that are about the gateway's own call, not about the client's.
Refusal not_for_the_client(int status, const http::ResponseHead& head) {
  const std::string_view coding = head.fields.value(http::FieldId::kContentEncoding);
  if (!coding.empty() && !http::equals_ignoring_case(coding, "identity"))
    return {502, kInternalError, "content_encoding", "The server encoded its answer, though it was asked not to", {}};
  if (status == 401 || status == 407)
    return {502, kInternalError, "upstream_auth", "The server refuses the gateway's credentials", {}};
  if (status >= 300 && status < 400) return {502, kInternalError, "upstream_redirect", "The server answers with a redirect", {}};
  return {};
}

Refusal too_large() { return {502, kInternalError, "answer_too_large", "The server's answer to initialize is too large", {}}; }

}  // namespace

runtime::Task<Outcome> Relay::refuse(Refusal refusal) {
  co_await mcp::refuse(exchange_, refusal, id_, context_.shared);
  co_return Outcome{"transport_error", std::string(refusal.reason)};
}

runtime::Task<Outcome> Relay::run(HttpCall& call, int status, http::Headers headers, const Session* session) {
  if (Refusal refusal = not_for_the_client(status, call.response())) co_return co_await refuse(std::move(refusal));
  http::Response head;
  head.status = status;
  head.content_type = call.response().fields.value(http::FieldId::kContentType);
  head.headers = std::move(headers);
  if (status == 405) {
    std::erase_if(head.headers, [](const auto& h) { return h.first == "Allow"; });
    head.headers.emplace_back("Allow", "POST, DELETE");
  }
  if (status / 100 != 2 || !http::is_media_type(head.content_type, "text/event-stream")) co_return co_await document(call, std::move(head), session);
  head.headers.emplace_back("X-Accel-Buffering", "no");
  if (on_opening_) co_return co_await begin_events(call, std::move(head));
  co_return co_await stream(call, std::move(head), {}, true);
}

runtime::Task<Relay::Read> Relay::read_some(HttpCall& call, runtime::Timer& idle, std::string_view* bytes) {
  for (;;) {
    if (exchange_.cut() != nullptr) co_return Read::kCut;
    if (exchange_.client_gone()) co_return Read::kGone;
    const upstream::Piece piece = call.try_next();
    switch (piece.state) {
      case upstream::Piece::State::kBytes: *bytes = piece.bytes; co_return Read::kFull;
      case upstream::Piece::State::kEnd: co_return Read::kEnd;
      case upstream::Piece::State::kError: co_return Read::kFailed;
      case upstream::Piece::State::kWouldBlock: break;
    }
    if (idle.expired()) co_return Read::kTimeout;
    if (listening_ && exchange_.draining()) co_return Read::kDraining;
    co_await exchange_.waiter().wait();
  }
}

void Relay::note(std::string_view message) {
  const Envelope envelope = scan(message, {.max_depth = kServerDepth});
  if (envelope.kind != Kind::kResponse || (!id_.empty() && envelope.id != id_)) return;
  answered_ = true;
  if (on_opening_ && !envelope.result.empty()) opening_ = on_opening_(envelope);
  note_answer(outcome_, envelope.error_code, envelope.is_error);
}

void Relay::watch(std::string_view bytes) {
  while (parser_ok_ && !answered_) {
    const http::SseStep step = parser_.next(bytes);
    if (step == http::SseStep::kNeedMore) return;
    parser_ok_ = step == http::SseStep::kEvent;
    if (parser_ok_ && parser_.event().has_data) note(parser_.event().data);
  }
}

runtime::Task<Outcome> Relay::document(HttpCall& call, http::Response head, const Session* session) {
  runtime::Timer idle(exchange_.waiter());
  idle.arm(context_.server->settings.call_timeout);
  for (;;) {
    std::string_view bytes;
    const Read read = co_await read_some(call, idle, &bytes);
    if (read == Read::kGone) co_return cancelled();
    if (read == Read::kEnd) break;
    if (read != Read::kFull) co_return co_await refuse(refusal_of(read));
    head.body.append(bytes);
    if (head.body.size() > kWholeDocument) {
      if (on_opening_) co_return co_await refuse(too_large());
      std::string begun = std::exchange(head.body, {});
      co_return co_await stream(call, std::move(head), std::move(begun), false);
    }
  }
  if (session != nullptr && session_expired(head.status, head.body, id_)) {
    context_.shared.directory.close(session->id);
    co_return co_await refuse(session_not_found());
  }
  if (!id_.empty()) note(head.body);
  if (on_opening_ && !answered_) co_return co_await refuse({502, kInternalError, "bad_answer", "The server's answer is no valid message", {}});
  if (opening_.refusal) co_return co_await refuse(std::move(opening_.refusal));
  if (!opening_.session.empty()) head.headers.emplace_back("Mcp-Session-Id", opening_.session);
  if (head.status >= 400 && !answered_) outcome_ = {"transport_error", "status_" + std::to_string(head.status)};
  co_await exchange_.respond(std::move(head));
  co_return outcome_;
}

// Events are held back until the one that opens the session, or does not.
runtime::Task<Outcome> Relay::begin_events(HttpCall& call, http::Response head) {
  runtime::Timer idle(exchange_.waiter());
  idle.arm(context_.server->settings.call_timeout);
  std::string begun;
  while (!answered_) {
    std::string_view bytes;
    const Read read = co_await read_some(call, idle, &bytes);
    if (read == Read::kGone) co_return cancelled();
    if (read != Read::kFull) co_return co_await refuse(refusal_of(read));
    watch(bytes);
    begun.append(bytes);
    if (begun.size() > kWholeDocument || !parser_ok_) co_return co_await refuse(too_large());
  }
  if (opening_.refusal) co_return co_await refuse(std::move(opening_.refusal));
  if (!opening_.session.empty()) head.headers.emplace_back("Mcp-Session-Id", opening_.session);
  co_return co_await stream(call, std::move(head), std::move(begun), true);
}

Refusal Relay::refusal_of(Read read) const {
  if (read == Read::kCut) return *exchange_.cut();
  if (read == Read::kTimeout) return {504, kInternalError, "timeout", "The server did not answer in time", {}};
  return {502, kInternalError, "server_closed", "The server's answer broke off", {}};
}

runtime::Task<Outcome> Relay::stream(HttpCall& call, http::Response head, std::string begun, bool events) {
  const bool watched = events && !id_.empty();
  if (!co_await exchange_.begin_stream(std::move(head))) co_return cancelled();
  if (!begun.empty() && !co_await exchange_.send(begun)) co_return cancelled();
  runtime::Timer idle(exchange_.waiter());
  for (;;) {
    if (!listening_) idle.arm(context_.server->settings.call_timeout);
    std::string_view bytes;
    const Read read = co_await read_some(call, idle, &bytes);
    if (read == Read::kGone) co_return answered_ ? outcome_ : cancelled();
    if (read == Read::kFailed || read == Read::kTimeout || read == Read::kCut) co_return co_await broken(events, refusal_of(read));
    // A legacy server may end a stream and go on in another one, to which the client returns.
    if (read == Read::kEnd && watched && parser_ok_ && !answered_ && era_ == Era::kModern) co_return co_await broken(events, refusal_of(read));
    if (read != Read::kFull) break;
    if (watched) watch(bytes);
    if (!co_await exchange_.send(bytes)) co_return answered_ ? outcome_ : cancelled();
  }
  co_await exchange_.end_stream();
  co_return outcome_;
}

// In a stream of events the pending request gets its error; the blank line ends an event that broke off. A document that
// broke off is left unended, which the client sees as what it is.
runtime::Task<Outcome> Relay::broken(bool events, Refusal refusal) {
  const std::string reason(refusal.reason);
  if (!events) co_return Outcome{"transport_error", reason};
  if (!id_.empty() && !answered_) {
    std::string event = "\n\n";
    http::write_sse_event(event, {}, "message", error_body(id_, refusal));
    if (!co_await exchange_.send(event)) co_return cancelled();
    outcome_ = {"transport_error", reason};
  }
  co_await exchange_.end_stream();
  co_return outcome_;
}

}  // namespace gatehouse::mcp
