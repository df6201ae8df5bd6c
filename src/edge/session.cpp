#include "session.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "gatehouse/base/log.h"
#include "gatehouse/http/forward.h"
#include "observe.h"

namespace gatehouse::edge {

namespace {

constexpr std::size_t kLingerBytes = 64 * 1024;
constexpr std::chrono::seconds kLingerTime{2};

// Not counted: the command line and tests come from here, many at a time.
bool counts_for_client_limit(std::string_view address) {
  return !address.empty() && address != "127.0.0.1" && address != "::1";
}

void forget_client(Worker& worker, const std::string& address) {
  const auto found = worker.clients.find(address);
  if (found != worker.clients.end() && --found->second == 0) worker.clients.erase(found);
}

}  // namespace

Session::Session(Worker& w, std::shared_ptr<Listener> l, net::Accepted accepted)
    : worker(w), listener(std::move(l)), waiter(w.loop), timer(waiter), stream(w.loop, std::move(accepted.fd), &waiter),
      peer(accepted.peer.address_only()) {
  next = worker.first_session;
  if (next != nullptr) next->previous = this;
  worker.first_session = this;
  worker.live.store(++worker.session_count, std::memory_order_relaxed);
  listener->connections->fetch_add(1, std::memory_order_relaxed);
  if (counts_for_client_limit(peer)) ++worker.clients[peer];
}

Session::~Session() {
  give_block();
  (previous != nullptr ? previous->next : worker.first_session) = next;
  if (next != nullptr) next->previous = previous;
  worker.live.store(--worker.session_count, std::memory_order_relaxed);
  listener->connections->fetch_sub(1, std::memory_order_relaxed);
  if (counts_for_client_limit(peer)) forget_client(worker, peer);
}

void Session::give_block() noexcept {
  if (block != nullptr) worker.blocks.give(std::exchange(block, nullptr));
}

void Session::abort() noexcept {
  const linger reset{1, 0};
  ::setsockopt(stream.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  keep = false;
  lingering = false;
  aborted = true;
}

runtime::Task<bool> Session::write_all(std::string_view first, std::string_view second, std::string_view third) {
  std::array<iovec, 3> pieces;
  std::size_t count = 0;
  for (const std::string_view piece : {first, second, third})
    if (!piece.empty()) pieces[count++] = {const_cast<char*>(piece.data()), piece.size()};
  std::size_t at = 0;
  while (at < count) {
    const auto put = stream.write(std::span(pieces).subspan(at, count - at));
    if (put.state == tls::IoState::kWouldBlock) {
      timer.arm(timeouts().write);
      // A client that only closed its sending side still reads; one that is gone answers with a reset.
      while (!stream.can_write() && !timer.expired()) co_await waiter.wait();
      if (!timer.expired()) continue;
    }
    if (put.state != tls::IoState::kDone) {
      record.end = timer.expired() ? "client_write_timeout" : "client_closed";
      abort();
      co_return false;
    }
    record.bytes_out += put.bytes;
    std::size_t left = put.bytes;
    for (; at < count && left >= pieces[at].iov_len; ++at) left -= pieces[at].iov_len;
    if (at < count) pieces[at] = {static_cast<char*>(pieces[at].iov_base) + left, pieces[at].iov_len - left};
  }
  co_return true;
}

std::string_view Session::own_head(const http::Response& response, http::Framing framing, std::uint64_t length) {
  const http::RequestHead& request = block->request;
  http::OwnHead head;
  head.status = response.status;
  head.content_type = response.content_type;
  head.framing = framing;
  head.content_length = length;
  head.client_minor_version = request.minor_version;
  head.close = !keep;
  record.first_byte = worker.loop.clock().now();
  head.date = worker.date.at(record.wall_at(record.first_byte));
  head.request_id = record.request_id;
  head.headers = response.headers;
  head.extra = "X-Content-Type-Options: nosniff\r\n";
  record.status = response.status;
  answered = true;
  return {block->response_out, http::write_own_head(block->response_out, head)};
}

runtime::Task<bool> Session::answer(http::Response response) {
  drain_buffered_body();
  if (!body.done() || draining()) keep = false;
  if (!body.done()) lingering = true;
  const std::string_view head = own_head(response, http::Framing::kLength, response.body.size());
  const bool sends_body = block->request.method_id != http::Method::kHead && response.status != 304;
  co_return co_await write_all(head, sends_body ? std::string_view(response.body) : std::string_view());
}

runtime::Task<bool> Session::refuse(int status, std::string_view slug, std::string_view detail) {
  return answer(http::problem(status, slug, detail, record.request_id));
}

// What of the body has arrived already need not cost the connection.
void Session::drain_buffered_body() noexcept {
  while (!body.done() && body.next().state == BodySource::State::kPiece) {
  }
}

namespace {

runtime::Task<bool> handshake(Session& s, const tls::Context& context) {
  if (auto started = s.stream.accept_tls(context); !started) co_return false;
  s.timer.arm(s.timeouts().tls_handshake);
  for (;;) {
    const tls::IoState state = s.stream.handshake(nullptr);
    if (state == tls::IoState::kDone) break;
    if (state != tls::IoState::kWouldBlock || s.timer.expired() || s.draining()) {
      count_handshake(s, false);
      co_return false;
    }
    while (!s.stream.can_read() && !s.timer.expired() && !s.draining()) co_await s.waiter.wait();
  }
  s.timer.disarm();
  count_handshake(s, true);
  co_return true;
}

// No block is held here, and no snapshot: this is where connections spend their lives.
runtime::Task<bool> await_request(Session& s) {
  if (s.buffered > 0) co_return true;
  s.timer.arm(s.requests == 0 ? s.timeouts().first_byte : s.timeouts().keep_alive);
  // When draining, what has arrived and was not told of yet is still read: see read_head().
  while (!s.stream.can_read() && !s.draining()) {
    if (s.timer.expired()) co_return false;
    co_await s.waiter.wait();
  }
  s.timer.disarm();
  co_return true;
}

void begin_request(Session& s) {
  if (s.block == nullptr) s.take_block();
  s.snapshot = s.worker.snapshot;
  s.record.reset();
  s.answered = false;
  s.principal = {};
  Block& block = *s.block;
  block.request_parser = http::RequestParser(s.settings().limits.head);
  block.request.method = block.request.path = block.request.query = block.request.authority = {};
  block.request.fields.clear();
  block.request.minor_version = 1;
  block.request.method_id = http::Method::kOther;
  s.record.client = s.peer;
}

// When its first bytes are there.
void begin_record(Session& s) {
  s.record.begin = s.worker.loop.clock().now();
  s.record.wall = s.worker.loop.clock().wall();
  s.worker.ids.request_id(s.record.wall, s.block->request_id);
  s.record.request_id = {s.block->request_id, sizeof s.block->request_id};
}

runtime::Task<bool> refuse_head(Session& s, int status, const char* reason, const char* detail) {
  s.keep = false;
  s.lingering = true;
  s.record.end_reason.assign("refused:").append(reason);
  s.record.end = s.record.end_reason.c_str();
  s.body.start(s.stream, s.block->client_in, 0, 0, 0, http::Framing::kNone, 0);
  count_refusal(s, reason);
  co_await s.refuse(status, reason, detail);
  co_return false;
}

// True: the head is complete. False: the connection ends, answered or not.
runtime::Task<bool> read_head(Session& s) {
  begin_request(s);
  Block& block = *s.block;
  bool waited = false;
  for (;;) {
    if (s.buffered > 0) {
      if (!s.record.begun()) begin_record(s);
      const auto state = block.request_parser.parse({block.client_in, s.buffered}, block.request);
      if (state == http::ParseState::kComplete) break;
      if (state == http::ParseState::kRefused) {
        const http::Refusal refusal = block.request_parser.refusal();
        co_return co_await refuse_head(s, refusal.status, refusal.reason, "the request was not understood");
      }
    }
    const auto got = s.stream.read(std::span(block.client_in).subspan(s.buffered));
    if (got.state == tls::IoState::kDone) {
      s.buffered += got.bytes;
      continue;
    }
    if (got.state != tls::IoState::kWouldBlock) {
      s.keep = false;
      if (s.buffered > 0) s.record.end = "client_closed";
      co_return false;
    }
    if (s.buffered == 0 && s.draining()) {
      s.keep = false;
      co_return false;
    }
    if (!std::exchange(waited, true)) s.timer.arm(s.timeouts().request_head);
    while (!s.stream.can_read() && !s.timer.expired() && !(s.buffered == 0 && s.draining())) co_await s.waiter.wait();
    if (!s.timer.expired()) continue;
    if (s.buffered > 0) co_return co_await refuse_head(s, 408, "head_timeout", "the request head did not arrive in time");
    s.keep = false;
    co_return false;
  }
  s.timer.disarm();
  co_return true;
}

class TrustedProxies final : public http::AddressTest {
 public:
  explicit TrustedProxies(const Snapshot& snapshot) : snapshot_(snapshot) {}
  bool trusted(std::string_view address) const override { return snapshot_.trusts(address); }

 private:
  const Snapshot& snapshot_;
};

void identify(Session& s) {
  Block& block = *s.block;
  const http::RequestHead& request = block.request;
  const Snapshot& snapshot = *s.snapshot->shared;
  if (!snapshot.settings.trusted_proxies.empty())
    s.record.client = http::client_address(request, s.peer, TrustedProxies(snapshot));
  const std::string_view id = request.fields.value(http::FieldId::kXRequestId);
  if (http::valid_request_id(id)) s.record.request_id = id;
  http::Traceparent parent;
  const bool known = http::parse_traceparent(request.fields.value(http::FieldId::kTraceparent), parent);
  s.worker.ids.traceparent(known ? &parent : nullptr, block.traceparent);
  s.record.trace_id = std::string_view(block.traceparent + 3, 32);
}

runtime::Task<void> refuse_unauthorized(Session& s, std::string_view reason, bool presented) {
  http::Response response = http::problem(401, presented ? "invalid-credentials" : "missing-credentials",
                                          presented ? reason : "this route needs an API key or a token", s.record.request_id);
  response.headers.emplace_back("WWW-Authenticate", presented ? "Bearer error=\"invalid_token\"" : "Bearer");
  s.record.end = "refused:authentication";
  count_refusal(s, "authentication");
  co_await s.answer(std::move(response));
}

runtime::Task<void> refuse_route(Session& s, int status, std::string_view slug, std::string_view detail, const char* reason) {
  s.record.end = reason;
  count_refusal(s, reason);
  co_await s.refuse(status, slug, detail);
}

// Who asks. True: go on.
runtime::Task<bool> authenticate(Session& s, const Route& route) {
  if (s.listener->settings.admin) {
    s.principal = {.name = "local", .credential = "socket", .user_id = 0, .superuser = true, .scopes = {"admin"}};
    co_return true;
  }
  AuthOutcome outcome;
  if (s.worker.authenticator) outcome = s.worker.authenticator->authenticate(s.block->request);
  switch (outcome.kind) {
    case AuthOutcome::Kind::kMalformed:
      co_await refuse_route(s, 400, "bad-credentials", outcome.reason, "refused:malformed_credentials");
      co_return false;
    case AuthOutcome::Kind::kInvalid:
      co_await refuse_unauthorized(s, outcome.reason, true);
      co_return false;
    case AuthOutcome::Kind::kAnonymous:
      if (!route.auth_required) co_return true;
      co_await refuse_unauthorized(s, {}, false);
      co_return false;
    case AuthOutcome::Kind::kKnown:
      s.principal = std::move(outcome.principal);
      break;
  }
  co_return true;
}

runtime::Task<bool> authorize(Session& s, const Route& route) {
  const std::string& scope = route.settings.scope;
  if (scope.empty() || s.principal.superuser || s.principal.has_scope(scope)) co_return true;
  if (!route.auth_required) co_return true;
  http::Response response =
      http::problem(403, "forbidden", "insufficient permissions; required scopes: " + scope, s.record.request_id);
  response.headers.emplace_back("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"" + scope + "\"");
  s.record.end = "refused:authorization";
  count_refusal(s, "authorization");
  co_await s.answer(std::move(response));
  co_return false;
}

std::string allowed_methods(const Route& route) {
  std::string list;
  for (const std::string& method : route.settings.methods) list += (list.empty() ? "" : ", ") + method;
  return list;
}

runtime::Task<void> answer_fixed(Session& s, const Route& route) {
  http::Response response;
  if (route.settings.respond) {
    response = {.status = route.settings.respond->status,
                .content_type = route.settings.respond->content_type,
                .body = route.settings.respond->body,
                .headers = {}};
  } else {
    response.status = 308;
    response.headers.emplace_back("Location", route.settings.redirect);
  }
  co_await s.answer(std::move(response));
}

// The filter chain. The order matters; each line says why it stands where it does.
runtime::Task<void> dispatch(Session& s) {
  identify(s);                                                  // first, so that every refusal carries its ids
  const http::RequestHead& request = s.block->request;
  s.body.start(s.stream, s.block->client_in, request.size, s.buffered, request.size, request.framing, request.content_length);
  const std::uint32_t most = s.settings().limits.requests_per_connection;
  if (!request.keep_alive || (most != 0 && s.requests + 1 >= most)) s.keep = false;
  const Route* route = s.snapshot->shared->router.find(request.host, request.path);  // on the form that is forwarded
  if (route == nullptr) co_return co_await refuse_route(s, 404, "no-route", "no route matches this host and path", "refused:no_route");
  s.record.route = route;
  if (!route->allows(request.method)) {
    http::Response response = http::problem(405, "method-not-allowed", "this route does not allow the method", s.record.request_id);
    response.headers.emplace_back("Allow", allowed_methods(*route));
    s.record.end = "refused:method";
    count_refusal(s, "refused:method");
    co_await s.answer(std::move(response));
    co_return;
  }
  if (route->handler != nullptr) {                              // a foreign Origin learns nothing about credentials
    if (auto refusal = refuse_early(s, *route)) {
      co_await s.answer(std::move(*refusal));
      co_return;
    }
  }
  if (s.wants_identity(*route)) {                               // before the body: strangers cannot make us read it
    if (!co_await authenticate(s, *route) || !co_await authorize(s, *route)) co_return;
  }
  if (request.framing == http::Framing::kLength && request.content_length > route->body_limit)
    co_return co_await refuse_route(s, 413, "body-too-large", "the request body is larger than this route takes", "refused:body_too_large");
  if (route->handler != nullptr) co_return co_await handle(s, *route);
  if (route->group >= 0) co_return co_await proxy(s, *route);
  co_await answer_fixed(s, *route);
}

// What follows the request in the buffer is the next one.
void finish_request(Session& s) {
  observe(s);
  s.timer.disarm();
  s.snapshot.reset();
  ++s.requests;
  const std::string_view rest = s.body.done() ? s.body.unread() : std::string_view();
  s.buffered = s.keep ? rest.size() : 0;
  if (s.buffered > 0) std::memmove(s.block->client_in, rest.data(), rest.size());
  if (s.buffered == 0) s.give_block();
}

// The client is still sending what we do not read. Closing now would reset the connection and could take the answer away.
runtime::Task<void> linger(Session& s) {
  s.stream.shutdown_write();
  s.timer.arm(kLingerTime);
  std::array<char, 4096> scratch;
  std::size_t drained = 0;
  while (drained < kLingerBytes && !s.timer.expired()) {
    const auto got = s.stream.read(scratch);
    if (got.state == tls::IoState::kDone) {
      drained += got.bytes;
      continue;
    }
    if (got.state != tls::IoState::kWouldBlock) break;
    while (!s.stream.can_read() && !s.timer.expired()) co_await s.waiter.wait();
  }
}

}  // namespace

runtime::Task<void> serve(Worker& worker, std::shared_ptr<Listener> listener, net::Accepted accepted) {
  Session s(worker, std::move(listener), std::move(accepted));
  if (s.listener->settings.tls) {
    const auto& contexts = worker.snapshot->shared->contexts;
    const auto context = contexts.find(s.listener->settings.name);
    if (context == contexts.end()) co_return;  // its listener is gone since
    const std::shared_ptr<const tls::Context> held = context->second;
    if (!co_await handshake(s, *held)) co_return;
  }
  while (s.keep && co_await await_request(s)) {
    if (co_await read_head(s)) co_await dispatch(s);
    finish_request(s);
  }
  if (s.lingering) {
    co_await linger(s);
  } else if (!s.aborted) {
    s.stream.shutdown_write();
  }
}

}  // namespace gatehouse::edge
