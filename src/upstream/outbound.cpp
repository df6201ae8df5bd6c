#include "gatehouse/upstream/outbound.h"

#include <array>
#include <charconv>

#include "gatehouse/http/h1.h"
#include "gatehouse/upstream/pool.h"

namespace gatehouse::upstream {

namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

std::string head_of(const OutboundRequest& request, const Server& server) {
  std::string head;
  head.append(request.method).append(" ").append(request.path).append(" HTTP/1.1\r\nHost: ");
  head.append(server.settings.address.is_unix ? "localhost" : server.name).append("\r\n");
  for (const auto& [name, value] : request.headers) head.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), request.body.size()).ptr;
    head.append("Content-Length: ").append(digits.data(), end).append("\r\n");
  }
  head.append("\r\n");
  return head;
}

http::Method method_of(std::string_view method) {
  if (method == "GET") return http::Method::kGet;
  if (method == "HEAD") return http::Method::kHead;
  return http::Method::kPost;
}

}  // namespace

struct Outbound::State {
  State(Pool& p, runtime::Waiter& w) : pool(p), waiter(w), timer(w) {}

  std::string_view unread() const { return {buffer.data() + begin, end - begin}; }

  // Reads more; kDone, kWouldBlock, kEnd or kError.
  tls::IoState fill() {
    if (begin == end) begin = end = 0;
    if (end == buffer.size()) return tls::IoState::kError;
    const auto got = connection->stream.read(std::span(buffer).subspan(end));
    if (got.state == tls::IoState::kDone) end += got.bytes;
    return got.state;
  }

  Piece take_length();
  Piece take_chunk();
  Piece take_until_close();
  Piece finish(Piece::State state);

  Pool& pool;
  runtime::Waiter& waiter;
  runtime::Timer timer;
  std::unique_ptr<Connection> connection;
  http::ResponseParser parser;
  http::ResponseHead head;
  http::ChunkedDecoder chunked;
  std::vector<char> head_bytes;   // what `head` points into
  std::vector<char> buffer = std::vector<char>(kBufferBytes);
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t remaining = 0;
  bool request_sent = false;
};

Outbound::Outbound(Pool& pool, runtime::Waiter& waiter) : state_(std::make_unique<State>(pool, waiter)) {}
Outbound::~Outbound() = default;

const http::ResponseHead& Outbound::response() const { return state_->head; }

namespace {

struct Sending {
  std::string_view head, body;
  std::size_t sent = 0;
  bool done() const { return sent == head.size() + body.size(); }

  tls::IoState step(tls::Stream& stream) {
    while (!done()) {
      const std::string_view rest_of_head = sent < head.size() ? head.substr(sent) : std::string_view();
      const std::string_view rest_of_body = body.substr(sent > head.size() ? sent - head.size() : 0);
      const std::array<iovec, 2> pieces{{{const_cast<char*>(rest_of_head.data()), rest_of_head.size()},
                                         {const_cast<char*>(rest_of_body.data()), rest_of_body.size()}}};
      const auto put = stream.write(std::span(pieces).subspan(rest_of_head.empty() ? 1 : 0));
      if (put.state != tls::IoState::kDone) return put.state;
      sent += put.bytes;
    }
    return tls::IoState::kDone;
  }
};

}  // namespace

runtime::Task<Result<int>> Outbound::start(OutboundRequest request, std::chrono::milliseconds head_timeout,
                                           const http::Exchange* give_up) {
  State& s = *state_;
  s.connection = s.pool.take_idle(s.waiter);
  for (;;) {
    if (!s.connection) {
      auto connected = co_await s.pool.connect(s.waiter);
      if (!connected) co_return std::move(connected).error();
      s.connection = std::move(*connected);
    }
    const bool reused = s.connection->requests > 0;
    const std::string head = head_of(request, s.connection->server());
    Sending sending{head, request.body};
    s.parser.reset();
    s.begin = s.end = 0;
    s.timer.arm(head_timeout);
    tls::IoState failed = tls::IoState::kDone;
    for (;;) {
      if (!sending.done()) {
        const tls::IoState put = sending.step(s.connection->stream);
        if (put == tls::IoState::kError || put == tls::IoState::kEnd) failed = put;
      }
      const tls::IoState got = s.fill();
      if (got == tls::IoState::kDone) {
        auto parsed = s.parser.parse(s.unread(), method_of(request.method), s.head);
        while (parsed == http::ParseState::kComplete && s.head.status < 200 && s.head.status != 101) {
          s.begin += s.head.size;
          s.parser.reset();
          parsed = s.begin < s.end ? s.parser.parse(s.unread(), method_of(request.method), s.head) : http::ParseState::kIncomplete;
        }
        if (parsed == http::ParseState::kRefused || (parsed == http::ParseState::kComplete && s.head.status == 101))
          co_return make_error("upstream-malformed", "the answer of " + s.connection->server().name + " is not HTTP: " +
                                                         s.parser.refusal().reason);
        if (parsed != http::ParseState::kComplete) continue;
        s.request_sent = sending.done();  // otherwise the server would read the rest of it as the next request
        failed = tls::IoState::kDone;     // an answer counts, even when the server stopped reading
        break;
      }
      if (got != tls::IoState::kWouldBlock) failed = got;
      if (failed != tls::IoState::kDone) break;
      if (s.timer.expired())
        co_return make_error("upstream-timeout", s.connection->server().name + " did not answer in time");
      if (give_up != nullptr && give_up->client_gone()) co_return make_error("client-gone", "the client is gone");
      co_await s.waiter.wait();
    }
    s.timer.disarm();
    if (failed == tls::IoState::kDone) break;
    const std::string server = s.connection->server().name;
    s.connection.reset();
    if (!reused || sending.sent > 0) co_return make_error("upstream-closed", server + " closed the connection before it answered");
  }
  // The head's views must survive the body that follows in the buffer.
  const std::string_view raw = s.unread().substr(0, s.head.size);
  s.head_bytes.assign(raw.begin(), raw.end());
  s.parser.reset();
  s.parser.parse(std::string_view(s.head_bytes.data(), s.head_bytes.size()), method_of(request.method), s.head);
  s.begin += s.head.size;
  s.remaining = s.head.framing == http::Framing::kLength ? s.head.content_length : 0;
  co_return s.head.status;
}

Piece Outbound::State::finish(Piece::State state) {
  if (state == Piece::State::kEnd && request_sent && connection && head.keep_alive && head.framing != http::Framing::kUntilClose &&
      begin == end) {
    pool.give_back(std::move(connection));
  }
  connection.reset();
  return {state, {}};
}

Piece Outbound::State::take_length() {
  if (remaining == 0) return finish(Piece::State::kEnd);
  const std::string_view bytes = unread().substr(0, remaining);
  if (bytes.empty()) return {Piece::State::kWouldBlock, {}};
  begin += bytes.size();
  remaining -= bytes.size();
  return {Piece::State::kBytes, bytes};
}

Piece Outbound::State::take_chunk() {
  while (begin < end) {
    const auto step = chunked.feed(unread());
    begin += step.consumed;
    if (step.state == http::ParseState::kRefused) return finish(Piece::State::kError);
    if (!step.payload.empty()) return {Piece::State::kBytes, step.payload};
    if (step.state == http::ParseState::kComplete) return finish(Piece::State::kEnd);
  }
  if (chunked.done()) return finish(Piece::State::kEnd);
  return {Piece::State::kWouldBlock, {}};
}

Piece Outbound::State::take_until_close() {
  const std::string_view bytes = unread();
  if (bytes.empty()) return {Piece::State::kWouldBlock, {}};
  begin = end;
  return {Piece::State::kBytes, bytes};
}

Piece Outbound::try_next() {
  State& s = *state_;
  if (!s.connection) return {Piece::State::kEnd, {}};
  for (;;) {
    Piece piece;
    switch (s.head.framing) {
      case http::Framing::kNone: return s.finish(Piece::State::kEnd);
      case http::Framing::kLength: piece = s.take_length(); break;
      case http::Framing::kChunked: piece = s.take_chunk(); break;
      case http::Framing::kUntilClose: piece = s.take_until_close(); break;
    }
    if (piece.state != Piece::State::kWouldBlock) return piece;
    const tls::IoState got = s.fill();
    if (got == tls::IoState::kWouldBlock) return piece;
    if (got == tls::IoState::kDone) continue;
    const bool clean = got == tls::IoState::kEnd && s.head.framing == http::Framing::kUntilClose;
    return s.finish(clean ? Piece::State::kEnd : Piece::State::kError);
  }
}

}  // namespace gatehouse::upstream
