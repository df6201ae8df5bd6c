#include "session.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "gatehouse/base/encoding.h"
#include "gatehouse/base/log.h"
#include "gatehouse/http/forward.h"
#include "observe.h"
#include "refusals.h"

namespace gatehouse::edge {

namespace {

constexpr std::size_t kLingerBytes = 64 * 1024;
constexpr std::chrono::seconds kLingerTime{2};
constexpr int kMaxBlankLines = 2;

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
  worker.budget.clients.fetch_add(1, std::memory_order_relaxed);
  if (counts_for_client_limit(peer)) ++worker.clients[peer];
}

Session::~Session() {
  give_block();
  (previous != nullptr ? previous->next : worker.first_session) = next;
  if (next != nullptr) next->previous = previous;
  worker.live.store(--worker.session_count, std::memory_order_relaxed);
  listener->connections->fetch_sub(1, std::memory_order_relaxed);
  worker.budget.clients.fetch_sub(1, std::memory_order_relaxed);
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

void Session::arm_write() noexcept {
  unsent = stream.unsent();
  timer.arm(timeouts().write);
}

bool Session::write_stalled() noexcept {
  const std::size_t now = stream.unsent();
  if (now >= unsent) return true;
  unsent = now;
  timer.arm(timeouts().write);
  return false;
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
      arm_write();
      // A client that only closed its sending side still reads; one that is gone answers with a reset.
      while (!stream.can_write() && !(timer.expired() && write_stalled())) co_await waiter.wait();
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
  const http::Field* const accept = block->request.fields.find("Accept");
  http::render_problem(response, accept == nullptr ? std::string_view() : accept->value);
  drain_buffered_body();
  if (!body.done() || draining()) keep = false;
  if (!body.done()) lingering = true;
  if (response.status == 204 || response.status == 205) response.body.clear();  // RFC 9110, sections 15.3.5 and 15.3.6
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

constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 54\r\nConnection: close\r\n\r\n"
    "This port speaks TLS: use https:// instead of http://\n";

runtime::Task<bool> handshake(Session& s, const tls::Context& context) {
  if (auto started = s.stream.accept_tls(context); !started) co_return false;
  s.timer.arm(s.timeouts().tls_handshake);
  for (;;) {
    Error error;
    const tls::IoState state = s.stream.handshake(&error);
    if (state == tls::IoState::kDone) break;
    if (state != tls::IoState::kWouldBlock || s.timer.expired() || s.draining()) {
      note_handshake_failed(s, s.timer.expired() ? "no TLS handshake in time" : s.draining() ? "draining" : error.message);
      if (error.slug == "tls-http-request") {
        s.stream.drop_tls();
        s.lingering = co_await s.write_all(kNotTls);
      }
      co_return false;
    }
    while (!s.stream.can_read() && !s.timer.expired() && !s.draining()) co_await s.waiter.wait();
  }
  s.timer.disarm();
  if (const std::string shown = s.stream.client_certificate(); !shown.empty())
    s.client_certificate = "Client-Cert: :" + encode_base64(shown) + ":\r\n";
  note_handshake(s);
  if (s.tls.alpn != tls::kChallengeProtocol) co_return true;
  log::info("edge", "challenge.answered", "answered a certificate authority",
            {{"type", "tls-alpn-01"}, {"name", s.tls.sni}, {"client", s.peer}});
  co_return false;  // RFC 8737, section 3: nothing follows
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
  block.request.method = block.request.target = block.request.path = block.request.query = block.request.authority = {};
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
  http::Response response = http::problem(status, reason, detail, s.record.request_id);
  if (status == 405) response.headers.emplace_back("Allow", Router::kAnyMethod);  // RFC 9110, section 15.5.6
  co_await s.answer(std::move(response));
  co_return false;
}

// Some clients end a body with CRLF. By itself it is the start of no request, and the connection is as idle as before (P-1).
bool only_blank_line(const Session& s) { return std::string_view(s.block->client_in, s.buffered) == "\r\n"; }

// True: the head is complete. False: the connection ends, answered or not.
runtime::Task<bool> read_head(Session& s) {
  begin_request(s);
  Block& block = *s.block;
  bool waited = false;
  int blank_lines = 0;
  for (;;) {
    if (only_blank_line(s) && ++blank_lines <= kMaxBlankLines) {
      s.buffered = 0;
      if (!co_await await_request(s)) {
        s.keep = false;
        co_return false;
      }
      begin_request(s);
      waited = false;
    }
    if (s.buffered > 0) {
      if (!s.record.begun()) begin_record(s);
      const auto state = block.request_parser.parse({block.client_in, s.buffered}, block.request);
      if (state == http::ParseState::kComplete) break;
      if (state == http::ParseState::kRefused) {
        const http::Refusal refusal = block.request_parser.refusal();
        co_return co_await refuse_head(s, refusal.status, refusal.reason, refusal_detail(refusal.status, refusal.reason));
      }
    }
    const auto got = s.stream.read(std::span(block.client_in).subspan(s.buffered));
    if (got.state == tls::IoState::kDone) {
      s.buffered += got.bytes;
      continue;
    }
    if (got.state != tls::IoState::kWouldBlock) {
      s.keep = false;
      if (s.buffered > 0) {
        s.record.end = "client_closed";
        s.record.status = 499;
        count_refusal(s, s.record.end);
      }
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

void cut_off(Session& s) {
  if (s.snapshot == nullptr || !s.record.begun()) return;
  s.record.end = "drain_timeout";
  count_refusal(s, s.record.end);
  observe(s);
  s.abort();
}

runtime::Task<void> serve(Worker& worker, std::shared_ptr<Listener> listener, net::Accepted accepted) {
  Session s(worker, std::move(listener), std::move(accepted));
  if (s.listener->settings.tls) {
    const std::shared_ptr<const tls::Context> context = worker.tls_context(*s.listener);
    if (context == nullptr) co_return;
    s.keep = co_await handshake(s, *context);
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
