// Session: one client connection. serve() is its coroutine: handshake, then requests one after another until either side
// ends it. The frame owns the Session; the Session owns everything else.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pump.h"
#include "gatehouse/http/exchange.h"
#include "record.h"
#include "worker.h"

namespace gatehouse::edge {

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// One request more of its route, as long as it lives.
class InFlight {
 public:
  InFlight(metrics::LoopMetrics& counters, metrics::GaugeId gauge) noexcept : counters_(counters), gauge_(gauge) { counters_.change(gauge_, 1); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() { counters_.change(gauge_, -1); }

 private:
  metrics::LoopMetrics& counters_;
  metrics::GaugeId gauge_;
};

class Session {
 public:
  Session(Worker& worker, std::shared_ptr<Listener> listener, net::Accepted accepted);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  Worker& worker;
  std::shared_ptr<Listener> listener;
  runtime::Waiter waiter;
  runtime::Timer timer;
  tls::Stream stream;
  std::string peer;                  // address without port
  Block* block = nullptr;            // while a request is under way
  BodySource body;                   // of the request
  std::size_t buffered = 0;          // bytes in block->client_in that were read
  std::size_t unsent = 0;            // when the deadline for writing began
  std::shared_ptr<const LoopSnapshot> snapshot;
  Record record;                     // of the request under way, for the log
  std::optional<InFlight> in_flight; // once it has its route
  http::Principal principal;
  bool keep = true;                  // another request may follow
  bool lingering = false;            // after an error: drain before closing, so that the answer arrives
  bool answered = false;             // a response head was sent
  bool aborted = false;
  tls::HandshakeInfo tls;            // empty without TLS
  std::string client_certificate;    // what the client showed, as the line for upstreams (RFC 9440); empty: nothing
  std::uint32_t requests = 0;

  const Settings& settings() const noexcept { return (snapshot ? snapshot : worker.snapshot)->shared->settings; }
  const Timeouts& timeouts() const noexcept { return settings().timeouts; }
  bool wants_identity(const Route& route) const noexcept { return route.auth_required || route.handler != nullptr; }
  bool gone() const noexcept { return stream.hangup(); }
  bool draining() const noexcept { return worker.draining; }

  // Expect: 100-continue, and nothing of the body came without it (P-17).
  bool client_waits_for_continue() const noexcept {
    return block->request.expects_continue && !body.done() && body.unread().empty();
  }

  void take_block() { block = worker.blocks.take(); }
  void give_block() noexcept;
  void drain_buffered_body() noexcept;
  void abort() noexcept;             // closes with a reset: the client must not take what it got for complete

  // The deadline for a client that takes nothing. Once the timer has expired, write_stalled() says whether it did take some
  // after all; then the deadline begins anew.
  void arm_write() noexcept;
  bool write_stalled() noexcept;

  // Sends everything; false when the client is gone or takes nothing.
  runtime::Task<bool> write_all(std::string_view first, std::string_view second = {}, std::string_view third = {});

  // An answer of the daemon's own, whole.
  runtime::Task<bool> answer(http::Response response);
  runtime::Task<bool> refuse(int status, std::string_view slug, std::string_view detail);
  // Writes the head of an own answer into block->response_out.
  std::string_view own_head(const http::Response& response, http::Framing framing, std::uint64_t length);

  Session* previous = nullptr;       // in Worker::first_session
  Session* next = nullptr;
};

// The end of the time to drain: a request under way is logged, and its client sees a reset, not an end.
void cut_off(Session& session);

// The coroutine of a connection.
runtime::Task<void> serve(Worker& worker, std::shared_ptr<Listener> listener, net::Accepted accepted);

// Everything between a complete head and the end of its answer (src/edge/dispatch.cpp).
runtime::Task<void> dispatch(Session& session);

// Forwards the request of the session to an upstream and its answer back (src/edge/proxy.cpp).
runtime::Task<void> proxy(Session& session, const Route& route);

// Hands the request to a handler (src/edge/handle.cpp).
runtime::Task<void> handle(Session& session, const Route& route);
std::optional<http::Response> refuse_early(Session& session, const Route& route);  // of the route's handler

}  // namespace gatehouse::edge
