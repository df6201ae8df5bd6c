// The proxy: one request to an upstream and its answer back, both bodies streaming at the same time, nothing buffered
// beyond one read in each direction. Back-pressure is the order of reads and writes: a pump reads only what it has
// written.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "gatehouse/http/forward.h"
#include "observe.h"
#include "rate_guard.h"
#include "session.h"

namespace gatehouse::edge {

namespace {

// How an attempt or a relay ended. `status` is what the client gets when nothing was answered yet; 0: the client is gone.
struct Failure {
  int status = 0;
  const char* end = "ok";
  const char* slug = "";
  const char* detail = "";
};

constexpr Failure kOk{};
constexpr Failure kClientClosed{0, "client_closed", "", ""};
constexpr Failure kUpstreamBusy{503, "upstream_busy", "upstream-busy", "every upstream server is at its limit of connections"};
constexpr Failure kUpstreamUnreachable{502, "upstream_connect", "upstream-connect", "no upstream server could be reached"};
constexpr Failure kUpstreamClosed{502, "upstream_reset", "upstream-closed", "the upstream closed the connection before it answered"};
constexpr Failure kUpstreamMalformed{502, "upstream_malformed", "upstream-malformed", "the upstream's answer is not valid HTTP"};
constexpr Failure kUpstreamTimeout{504, "upstream_timeout", "upstream-timeout", "the upstream did not answer in time"};
constexpr Failure kUpstreamStalled{0, "upstream_timeout", "", ""};
constexpr Failure kBodyTimeout{408, "client_timeout", "body-timeout", "the request body did not arrive in time"};
constexpr Failure kBodyMalformed{400, "bad_body", "bad-body", "the request body is not valid"};
constexpr Failure kBodyTooLarge{413, "refused:body_too_large", "body-too-large", "the request body is larger than this route takes"};
constexpr Failure kWriteTimeout{0, "client_write_timeout", "", ""};
constexpr Failure kUpstreamBroken{0, "upstream_reset", "", ""};
constexpr Failure kUpstreamBadBody{0, "upstream_malformed", "", ""};

constexpr std::array kIdempotent{http::Method::kGet, http::Method::kHead, http::Method::kOptions, http::Method::kPut,
                                 http::Method::kDelete};
constexpr int kMaxInterim = 32;  // answers before the final one

bool failed(const Failure& failure) { return failure.end != kOk.end; }

bool is_event_stream(const http::ResponseHead& head) {
  constexpr std::string_view kType = "text/event-stream";
  const std::string_view type = head.fields.value(http::FieldId::kContentType);
  return type.size() >= kType.size() && http::equals_ignoring_case(type.substr(0, kType.size()), kType);
}

class Relay {
 public:
  Relay(Session& session, const Route& route, upstream::Pool& pool)
      : s_(session), route_(route), pool_(pool), block_(*session.block) {}

  runtime::Task<Failure> ask_upstream();
  runtime::Task<Failure> answer();
  runtime::Task<void> report(Failure failure);
  void finish();

 private:
  std::string_view request_head();
  runtime::Task<Failure> connect(upstream::Server& server);
  void use(std::unique_ptr<upstream::Connection> connection);
  runtime::Task<Failure> ask();
  runtime::Task<bool> pass_interim();
  Failure note_outcome(Failure failure);
  Failure step_upload();
  Failure read_response_head(bool* complete);
  bool may_ask_again() const;
  bool begin_answer();  // false: the head does not fit
  Failure step_answer();
  runtime::SteadyTime now() const { return s_.worker.loop.clock().now(); }
  std::uint64_t taken_by_client() const {
    const std::uint64_t unsent = s_.stream.unsent();
    return download_.written() > unsent ? download_.written() - unsent : 0;
  }

  Session& s_;
  const Route& route_;
  upstream::Pool& pool_;
  Block& block_;
  std::unique_ptr<upstream::Connection> upstream_;
  BodySource response_body_;
  Pump upload_;
  Pump download_;
  Pump::State upload_state_ = Pump::State::kBusy;
  Pump::State download_state_ = Pump::State::kBusy;
  RateGuard rate_;                   // of the client, while we wait for it
  std::size_t response_bytes_ = 0;   // in block_.upstream_in
  std::uint64_t progress_ = 0;       // bytes moved, to see whether a timer may start anew
};

std::string_view Relay::request_head() {
  const http::RequestHead& request = block_.request;
  const Snapshot& snapshot = *s_.snapshot->shared;
  http::ForwardContext context;
  context.peer_address = s_.peer;
  context.client_address = s_.record.client;
  context.client_trusted = !snapshot.settings.trusted_proxies.empty() && snapshot.trusts(s_.peer);
  context.scheme = s_.stream.secure() ? "https" : "http";
  context.listener_port = s_.listener->port;
  context.request_id = s_.record.request_id;
  context.traceparent = {block_.traceparent, sizeof block_.traceparent};
  context.keep_tracestate = s_.record.trace_continued;
  context.keep_underscore_names = snapshot.settings.keep_underscore_names;
  context.strip_credentials = route_.auth_required;
  context.extra = s_.client_certificate;
  context.framing = request.framing;
  context.content_length = request.content_length;
  return {block_.request_out, http::write_request_head(block_.request_out, request, context)};
}

runtime::Task<Failure> Relay::connect(upstream::Server& server) {
  auto connected = co_await pool_.connect(server, s_.waiter, &s_.stream);
  if (connected) {
    use(std::move(*connected));
    co_return kOk;
  }
  if (connected.error().slug == "client-gone") co_return kClientClosed;
  note_upstream_error(s_, connected.error());
  co_return connected.error().slug == "upstream-busy" ? kUpstreamBusy : kUpstreamUnreachable;
}

void Relay::use(std::unique_ptr<upstream::Connection> connection) {
  upstream_ = std::move(connection);
  ++s_.record.attempts;
  s_.worker.counters.add(s_.worker.metrics.connect_retries, std::exchange(upstream_->failed_before, 0));
  s_.record.server.assign(upstream_->server().name);
}

// What became of a request that was sent: a status, or no answer where it was for the server to give one.
Failure Relay::note_outcome(Failure failure) {
  const bool silent = failure.end == kUpstreamClosed.end || failure.end == kUpstreamMalformed.end || failure.end == kUpstreamTimeout.end;
  if (silent || !failed(failure)) count_upstream(s_, route_, upstream_->server(), silent ? 0 : block_.response.status);
  return failure;
}

// A reused connection may have been closed by the server just now. Nothing of an answer came, and the request can be
// repeated without harm (RFC 9110, section 9.2.2): once more, on a new connection.
bool Relay::may_ask_again() const {
  const http::RequestHead& request = block_.request;
  const auto& safe = kIdempotent;
  const bool idempotent = std::find(safe.begin(), safe.end(), request.method_id) != safe.end();
  const bool no_body = request.framing == http::Framing::kNone || (request.framing == http::Framing::kLength && request.content_length == 0);
  return upstream_->requests > 0 && response_bytes_ == 0 && (idempotent || upload_.written() == 0) && no_body;
}

runtime::Task<Failure> Relay::ask_upstream() {
  s_.record.upstream = pool_.group().settings().name;
  s_.record.upstream_begin = now();
  if (s_.client_waits_for_continue() && !co_await s_.write_all(kContinue)) co_return kClientClosed;
  auto [idle, server] = pool_.take_idle(s_.waiter);
  Failure failure = kOk;
  if (idle) {
    use(std::move(idle));
  } else {
    failure = co_await connect(*server);
  }
  if (!failed(failure)) failure = note_outcome(co_await ask());
  if (failure.end != kUpstreamClosed.end || !may_ask_again()) co_return failure;
  upstream_.reset();
  s_.worker.counters.add(s_.worker.metrics.stale_retries);
  failure = co_await connect(*server);
  if (!failed(failure)) failure = note_outcome(co_await ask());
  co_return failure;
}

Failure Relay::step_upload() {
  if (upload_.done()) {
    upload_state_ = Pump::State::kDone;
    return kOk;
  }
  const std::uint64_t before = upload_.written();
  upload_state_ = upload_.step();
  progress_ += upload_.written() - before;
  switch (upload_state_) {
    case Pump::State::kSourceFailed: return kClientClosed;
    case Pump::State::kSourceRefused: return s_.body.over_limit() ? kBodyTooLarge : kBodyMalformed;
    case Pump::State::kSinkFailed:  // the answer that explains it may be on its way
    case Pump::State::kNeedsInput:
    case Pump::State::kNeedsRoom:
    case Pump::State::kBusy:
    case Pump::State::kDone: break;
  }
  return kOk;
}

Failure Relay::read_response_head(bool* complete) {
  for (;;) {
    if (response_bytes_ > 0) {
      const auto state = block_.response_parser.parse({block_.upstream_in, response_bytes_}, block_.request.method_id, block_.response);
      if (state == http::ParseState::kRefused) return kUpstreamMalformed;
      *complete = state == http::ParseState::kComplete;
      if (*complete) return kOk;
    }
    const auto got = upstream_->stream.read(std::span(block_.upstream_in).subspan(response_bytes_));
    if (got.state == tls::IoState::kWouldBlock) return kOk;
    if (got.state != tls::IoState::kDone) return kUpstreamClosed;
    response_bytes_ += got.bytes;
    progress_ += got.bytes;
  }
}

// RFC 9110, section 15.2: passed on, though not to HTTP/1.0; 101 only to who asked for it, and nobody can yet.
runtime::Task<bool> Relay::pass_interim() {
  if (block_.response.status == 101) co_return false;
  http::ResponseContext context;
  context.client_minor_version = block_.request.minor_version;
  const std::size_t size = http::write_response_head(block_.response_out, block_.response, context);
  if (block_.request.minor_version > 0 && !co_await s_.write_all({block_.response_out, size})) co_return false;
  response_bytes_ -= block_.response.size;
  std::memmove(block_.upstream_in, block_.upstream_in + block_.response.size, response_bytes_);
  block_.response_parser.reset();
  co_return true;
}

// Sends the request and waits for the head of the final answer; interim answers are passed on.
runtime::Task<Failure> Relay::ask() {
  const std::string_view head = request_head();
  if (head.empty()) co_return Failure{431, "refused:head_too_large", "head-too-large", "the request head is too large to forward"};
  s_.body.limit(route_.body_limit);
  upload_.start(s_.body, upstream_->stream, head, block_.request.framing == http::Framing::kChunked);
  block_.response_parser = http::ResponseParser();  // limits.head is about clients
  response_bytes_ = 0;
  s_.timer.disarm();
  std::uint64_t seen = upload_.written();
  int interim = 0;
  std::optional<runtime::SteadyTime> head_deadline;
  for (;;) {
    if (const Failure failure = step_upload(); failed(failure)) co_return failure;
    bool complete = false;
    if (response_bytes_ > 0 || upstream_->stream.can_read() || upload_state_ == Pump::State::kSinkFailed) {
      if (const Failure failure = read_response_head(&complete); failed(failure)) co_return failure;
    }
    if (complete && block_.response.status >= 200) break;
    if (complete) {
      if (++interim > kMaxInterim) co_return kUpstreamMalformed;
      if (!co_await pass_interim()) co_return block_.response.status == 101 ? kUpstreamMalformed : kClientClosed;
      if (head_deadline) s_.timer.arm(std::max(*head_deadline - now(), runtime::Duration{0}));
      continue;
    }
    if (s_.gone()) co_return kClientClosed;
    if (upload_state_ == Pump::State::kBusy) {
      co_await s_.waiter.yield();
      continue;
    }
    const bool for_client = upload_state_ == Pump::State::kNeedsInput;
    if (!for_client) rate_.rest();
    // What the upstream sends before its final head does not give it more time for that.
    if (!s_.timer.armed() || seen != upload_.written() || for_client == head_deadline.has_value()) {
      const runtime::Duration limit = for_client ? s_.timeouts().request_body : s_.timeouts().response_head;
      s_.timer.arm(limit);
      head_deadline = for_client ? std::nullopt : std::optional(now() + limit);
      seen = upload_.written();
    }
    co_await s_.waiter.wait();
    if (s_.timer.expired()) co_return for_client ? kBodyTimeout : kUpstreamTimeout;
    if (for_client && rate_.too_slow(now(), s_.body.payload_bytes(), s_.timeouts().min_rate)) co_return kBodyTimeout;
  }
  s_.record.upstream_head = now();
  co_return kOk;
}

bool Relay::begin_answer() {
  const http::ResponseHead& head = block_.response;
  if (!s_.body.done() || s_.draining()) s_.keep = false;  // P-10: what was not read cannot be followed by a request
  http::ResponseContext context;
  context.client_minor_version = block_.request.minor_version;
  context.request = block_.request.method_id;
  context.framing = head.framing;
  context.content_length = head.content_length;
  if (head.framing == http::Framing::kChunked || head.framing == http::Framing::kUntilClose)
    context.framing = block_.request.minor_version > 0 ? http::Framing::kChunked : http::Framing::kUntilClose;
  if (context.framing == http::Framing::kUntilClose) s_.keep = false;
  context.trailers = http::forwards_trailers(block_.request, head);
  context.close = !s_.keep;
  context.date = s_.worker.date.at(s_.record.wall_at(s_.record.upstream_head));
  context.request_id = s_.record.request_id;
  const std::size_t size = http::write_response_head(block_.response_out, head, context);
  if (size == 0) return false;
  response_body_.start(upstream_->stream, block_.upstream_in, head.size, response_bytes_, 0, head.framing, head.content_length);
  if (context.trailers) response_body_.keep_trailers(block_.trailers);
  download_.start(response_body_, s_.stream, {block_.response_out, size}, context.framing == http::Framing::kChunked,
                  Pump::BeforeRefusal::kSend);
  s_.record.status = head.status;
  s_.record.first_byte = s_.record.upstream_head;
  s_.answered = true;
  return true;
}

Failure Relay::step_answer() {
  const std::uint64_t before = download_.written();
  download_state_ = download_.step();
  progress_ += download_.written() - before;
  s_.record.bytes_out += download_.written() - before;
  switch (download_state_) {
    case Pump::State::kSinkFailed: return kClientClosed;
    case Pump::State::kSourceFailed: return kUpstreamBroken;
    case Pump::State::kSourceRefused: return kUpstreamBadBody;
    case Pump::State::kNeedsInput:
    case Pump::State::kNeedsRoom:
    case Pump::State::kBusy:
    case Pump::State::kDone: break;
  }
  return kOk;
}

runtime::Task<Failure> Relay::answer() {
  const bool event_stream = is_event_stream(block_.response);
  if (!begin_answer()) co_return kUpstreamMalformed;
  s_.timer.disarm();
  rate_.rest();
  std::uint64_t seen = progress_;
  for (;;) {
    if (const Failure failure = step_answer(); failed(failure)) co_return failure;
    if (download_state_ == Pump::State::kDone) co_return kOk;
    if (upload_state_ != Pump::State::kSinkFailed && !upload_.done()) {
      if (const Failure failure = step_upload(); failed(failure)) co_return failure;
    }
    if (s_.gone()) co_return kClientClosed;
    if (download_state_ == Pump::State::kBusy || (!upload_.done() && upload_state_ == Pump::State::kBusy)) {
      co_await s_.waiter.yield();
      continue;
    }
    const bool to_client = download_state_ == Pump::State::kNeedsRoom;
    if (!to_client) rate_.rest();
    if (!s_.timer.armed() || seen != progress_) {
      seen = progress_;
      if (to_client) {
        s_.arm_write();
      } else if (event_stream) {
        s_.timer.disarm();
      } else {
        s_.timer.arm(s_.timeouts().response_body);
      }
    }
    co_await s_.waiter.wait();
    if (s_.timer.expired() && !(to_client && !s_.write_stalled())) co_return to_client ? kWriteTimeout : kUpstreamStalled;
    if (to_client && rate_.too_slow(now(), taken_by_client(), s_.timeouts().min_rate)) co_return kWriteTimeout;
  }
}

// Reuse needs both messages whole, nothing behind the answer, and the server's consent.
void Relay::finish() {
  const http::ResponseHead& head = block_.response;
  s_.record.bytes_in += s_.body.payload_bytes();
  if (!s_.body.done()) {
    s_.keep = false;
    s_.lingering = true;
  }
  if (s_.body.done() && upload_.done() && head.keep_alive && head.framing != http::Framing::kUntilClose &&
      response_body_.unread().empty())
    pool_.give_back(std::move(upstream_));
}

runtime::Task<void> Relay::report(Failure failure) {
  upstream_.reset();  // aborts the upstream at once
  s_.record.bytes_in += s_.body.payload_bytes();
  s_.record.end = failure.end;
  count_refusal(s_, failure.end);
  if (s_.answered || failure.status == 0) {
    if (!s_.answered) s_.record.status = 499;
    s_.abort();
    co_return;
  }
  co_await s_.refuse(failure.status, failure.slug, failure.detail);
}

}  // namespace

runtime::Task<void> proxy(Session& session, const Route& route) {
  Relay relay(session, route, *session.snapshot->pools[static_cast<std::size_t>(route.group)]);
  Failure failure = co_await relay.ask_upstream();
  if (!failed(failure)) failure = co_await relay.answer();
  if (failed(failure)) {
    co_await relay.report(failure);
  } else {
    relay.finish();
  }
}

}  // namespace gatehouse::edge
