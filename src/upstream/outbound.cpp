#include "gatehouse/upstream/outbound.h"

#include <array>
#include <charconv>

#include "gatehouse/http/body_source.h"
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

struct Outbound::State {
  enum class Head { kComplete, kIncomplete, kBroken, kMalformed };

  State(Pool& p, runtime::Waiter& w) : pool(p), waiter(w), timer(w) {}

  void begin(std::string_view method);
  Head read_head();
  void begin_body();
  Piece finish(Piece::State state);

  Pool& pool;
  runtime::Waiter& waiter;
  runtime::Timer timer;
  std::unique_ptr<Connection> connection;
  http::Method method = http::Method::kPost;
  http::ResponseParser parser;
  http::ResponseHead head;       // views into the buffer, which keeps it below the body
  http::BodySource body;
  std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(kBufferBytes);
  std::size_t start = 0;         // of the head that is being read; interim ones lie before it
  std::size_t end = 0;
  bool request_sent = false;     // the whole of it
};

Outbound::Outbound(Pool& pool, runtime::Waiter& waiter) : state_(std::make_unique<State>(pool, waiter)) {}
Outbound::~Outbound() = default;

const http::ResponseHead& Outbound::response() const { return state_->head; }

void Outbound::State::begin(std::string_view name) {
  method = method_of(name);
  parser.reset();
  start = end = 0;
  request_sent = false;
}

// Reads until the head of the final answer is there, or nothing more is at hand. Interim answers are passed over.
Outbound::State::Head Outbound::State::read_head() {
  for (;;) {
    while (start < end) {
      const auto parsed = parser.parse({buffer.get() + start, end - start}, method, head);
      if (parsed == http::ParseState::kIncomplete) break;
      if (parsed == http::ParseState::kRefused || head.status == 101) return Head::kMalformed;
      if (head.status >= 200) return Head::kComplete;
      start += head.size;
      parser.reset();
    }
    if (end == kBufferBytes) return Head::kMalformed;
    const auto got = connection->stream.read({buffer.get() + end, kBufferBytes - end});
    if (got.state == tls::IoState::kWouldBlock) return Head::kIncomplete;
    if (got.state != tls::IoState::kDone) return Head::kBroken;
    end += got.bytes;
  }
}

void Outbound::State::begin_body() {
  const std::size_t behind = start + head.size;
  body.start(connection->stream, {buffer.get(), kBufferBytes}, behind, end, behind, head.framing, head.content_length);
}

runtime::Task<Result<int>> Outbound::start(OutboundRequest request, std::chrono::milliseconds head_timeout,
                                           const http::Exchange* give_up) {
  State& s = *state_;
  auto [idle, chosen] = s.pool.take_idle(s.waiter);
  s.connection = std::move(idle);
  for (;;) {
    if (!s.connection) {
      auto connected = co_await s.pool.connect(*chosen, s.waiter);
      if (!connected) co_return std::move(connected).error();
      s.connection = std::move(*connected);
    }
    const std::string server = s.connection->server().name;
    const bool reused = s.connection->requests > 0;
    const std::string head = head_of(request, s.connection->server());
    Sending sending{head, request.body};
    s.begin(request.method);
    s.timer.arm(head_timeout);
    for (;;) {
      const tls::IoState put = sending.step(s.connection->stream);
      State::Head got = s.read_head();
      if (got == State::Head::kIncomplete && put == tls::IoState::kError) got = State::Head::kBroken;
      if (got == State::Head::kComplete) {
        s.timer.disarm();
        // Otherwise the server would take what we send next for the rest of this one.
        s.request_sent = sending.done();
        s.begin_body();
        co_return s.head.status;
      }
      if (got == State::Head::kMalformed)
        co_return make_error("upstream-malformed", "the answer of " + server + " is not HTTP: " + s.parser.refusal().reason);
      if (got == State::Head::kBroken) break;
      if (s.timer.expired()) co_return make_error("upstream-timeout", server + " did not answer in time");
      if (give_up != nullptr && give_up->client_gone()) co_return make_error("client-gone", "the client is gone");
      co_await s.waiter.wait();
    }
    s.connection.reset();
    if (!reused || sending.sent > 0) co_return make_error("upstream-closed", server + " closed the connection before it answered");
  }
}

Piece Outbound::State::finish(Piece::State state) {
  const bool reusable = state == Piece::State::kEnd && request_sent && head.keep_alive &&
                        head.framing != http::Framing::kUntilClose && body.unread().empty();
  if (reusable) pool.give_back(std::move(connection));
  connection.reset();
  return {state, {}};
}

Piece Outbound::try_next() {
  State& s = *state_;
  if (!s.connection) return {Piece::State::kEnd, {}};
  for (;;) {
    const auto piece = s.body.next();
    switch (piece.state) {
      case http::BodySource::State::kPiece: return {Piece::State::kBytes, piece.bytes};
      case http::BodySource::State::kEnd: return s.finish(Piece::State::kEnd);
      case http::BodySource::State::kRefused: return s.finish(Piece::State::kError);
      case http::BodySource::State::kNeedMore: break;
    }
    const tls::IoState got = s.body.fill();
    if (got == tls::IoState::kWouldBlock) return {Piece::State::kWouldBlock, {}};
    if (got != tls::IoState::kDone) return s.finish(Piece::State::kError);
  }
}

}  // namespace gatehouse::upstream
