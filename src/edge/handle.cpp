// The edge's http::Exchange: what a handler (mcp, admin) sees of a request on an HTTP/1.1 connection.
#include <array>

#include "observe.h"
#include "rate_guard.h"
#include "session.h"

namespace gatehouse::edge {

namespace {

class SessionExchange final : public http::Exchange {
 public:
  explicit SessionExchange(Session& session, const Route& route) : s_(session), route_(route) {
    client_.address = s_.record.client;
    client_.request_id = s_.record.request_id;
    client_.trace_id = s_.record.trace_id;
    client_.listener = s_.listener->settings.name;
    client_.secure = s_.stream.secure();
    client_.loopback_listener = s_.listener->settings.address.is_loopback();
  }

  const http::RequestHead& request() const noexcept override { return s_.block->request; }
  const http::ClientInfo& client() const noexcept override { return client_; }
  const http::Principal& principal() const noexcept override { return s_.principal; }
  runtime::Loop& loop() noexcept override { return s_.worker.loop; }
  runtime::Waiter& waiter() noexcept override { return s_.waiter; }
  bool client_gone() const noexcept override { return s_.gone() || s_.aborted; }
  bool draining() const noexcept override { return s_.draining(); }

  runtime::Task<Result<std::string>> read_body(std::size_t limit) override;
  runtime::Task<bool> respond(http::Response response) override;
  runtime::Task<bool> begin_stream(http::Response head) override;
  runtime::Task<bool> send(std::string_view piece) override;
  runtime::Task<bool> end_stream() override;
  void annotate(std::string_view key, std::string_view value) override;

  bool streaming() const noexcept { return streaming_; }

 private:
  runtime::Task<Error> give_up(int status, const char* end, std::string_view slug, std::string_view detail);

  Session& s_;
  const Route& route_;
  http::ClientInfo client_;
  bool streaming_ = false;
  bool chunked_ = false;
};

runtime::Task<Error> SessionExchange::give_up(int status, const char* end, std::string_view slug, std::string_view detail) {
  s_.record.end = end;
  count_refusal(s_, end);
  if (status != 0) {
    co_await s_.refuse(status, slug, detail);
  } else {
    s_.record.status = 499;
    s_.abort();
  }
  co_return make_error(slug, std::string(detail));
}

runtime::Task<Result<std::string>> SessionExchange::read_body(std::size_t limit) {
  const std::size_t most = std::min<std::size_t>(limit, route_.body_limit);
  const http::RequestHead& head = s_.block->request;
  if (head.framing == http::Framing::kLength && head.content_length > most)
    co_return co_await give_up(413, "refused:body_too_large", "body-too-large", "the request body is too large");
  if (s_.client_waits_for_continue() && !co_await s_.write_all(kContinue))
    co_return make_error("client-gone", "the client is gone");
  s_.body.limit(most);
  std::string body;
  body.reserve(head.framing == http::Framing::kLength ? head.content_length : 0);
  RateGuard rate;
  for (;;) {
    const BodySource::Piece piece = s_.body.next();
    if (piece.state == BodySource::State::kEnd) break;
    if (piece.state == BodySource::State::kRefused && s_.body.over_limit())
      co_return co_await give_up(413, "refused:body_too_large", "body-too-large", "the request body is too large");
    if (piece.state == BodySource::State::kRefused)
      co_return co_await give_up(400, "bad_body", "bad-body", "the request body is not valid");
    body.append(piece.bytes);
    if (piece.state != BodySource::State::kNeedMore) continue;
    const tls::IoState got = s_.body.fill();
    if (got == tls::IoState::kDone) continue;
    if (got != tls::IoState::kWouldBlock) co_return co_await give_up(0, "client_closed", "client-gone", "the client is gone");
    s_.timer.arm(s_.timeouts().request_body);
    while (!s_.stream.can_read() && !s_.timer.expired()) co_await s_.waiter.wait();
    if (s_.timer.expired() || rate.too_slow(loop().clock().now(), s_.body.payload_bytes(), s_.timeouts().min_rate))
      co_return co_await give_up(408, "client_timeout", "body-timeout", "the request body did not arrive in time");
  }
  s_.timer.disarm();
  s_.record.bytes_in = body.size();
  co_return body;
}

runtime::Task<bool> SessionExchange::respond(http::Response response) {
  if (s_.answered || s_.aborted) co_return false;
  const bool sent = co_await s_.answer(std::move(response));
  s_.timer.disarm();
  co_return sent;
}

runtime::Task<bool> SessionExchange::begin_stream(http::Response head) {
  if (s_.answered || s_.aborted) co_return false;
  if (!s_.body.done() || s_.draining()) s_.keep = false;
  chunked_ = s_.block->request.minor_version > 0;
  if (!chunked_) s_.keep = false;
  streaming_ = true;
  const std::string_view bytes = s_.own_head(head, chunked_ ? http::Framing::kChunked : http::Framing::kUntilClose, 0);
  const bool sent = co_await s_.write_all(bytes);
  s_.timer.disarm();
  co_return sent;
}

runtime::Task<bool> SessionExchange::send(std::string_view piece) {
  if (!streaming_ || s_.aborted) co_return false;
  if (piece.empty()) co_return true;
  bool sent = false;
  if (chunked_) {
    std::array<char, 18> head;
    const std::string_view size = http::write_chunk_head(head, piece.size());
    sent = co_await s_.write_all(size, piece, "\r\n");
  } else {
    sent = co_await s_.write_all(piece);
  }
  s_.timer.disarm();
  co_return sent;
}

runtime::Task<bool> SessionExchange::end_stream() {
  if (!streaming_ || s_.aborted) co_return false;
  streaming_ = false;
  const bool sent = !chunked_ || co_await s_.write_all(http::kLastChunk);
  s_.timer.disarm();
  co_return sent;
}

void SessionExchange::annotate(std::string_view key, std::string_view value) {
  constexpr std::pair<std::string_view, std::string Record::*> kNotes[] = {{"mcp_method", &Record::mcp_method},
                                                                           {"mcp_tool", &Record::mcp_tool},
                                                                           {"mcp_server", &Record::mcp_server},
                                                                           {"mcp_error", &Record::mcp_error}};
  for (const auto& [name, member] : kNotes)
    if (name == key) s_.record.*member = value;
}

}  // namespace

std::optional<http::Response> refuse_early(Session& session, const Route& route) {
  SessionExchange exchange(session, route);
  return route.handler->refuse_early(exchange);
}

runtime::Task<void> handle(Session& session, const Route& route) {
  SessionExchange exchange(session, route);
  co_await route.handler->handle(exchange);
  if (exchange.streaming()) session.abort();  // a stream that its handler did not end is not complete
  if (session.answered || session.aborted) co_return;
  if (exchange.client_gone()) {               // handlers stop for nobody's sake; it is no fault of theirs
    session.record.status = 499;
    session.record.end = "client_closed";
    count_refusal(session, session.record.end);
    session.abort();
  } else {
    session.record.end = "handler_silent";
    co_await session.refuse(500, "internal", "the handler gave no answer");
  }
}

}  // namespace gatehouse::edge
