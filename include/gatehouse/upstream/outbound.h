// Outbound: one HTTP request of our own to an upstream server (MCP over HTTP, later health checks), on the loop, over the
// pooled connections of the group. The proxy of the edge has its own, allocation-free way.
//
//   upstream::Outbound call(pool, exchange.waiter());
//   auto status = co_await call.start({.method = "POST", .path = "/mcp", .headers = headers, .body = bytes}, 60s);
//   while (status) {
//     auto piece = call.try_next();
//     if (piece.state == Piece::State::kWouldBlock) { …look at your other events…; co_await exchange.waiter().wait(); continue; }
//     if (piece.state != Piece::State::kBytes) break;
//     …piece.bytes…
//   }
//
// Owner: a coroutine's frame. Destroying it before the end closes the connection to the server, which is how a call is
// aborted; after a complete answer the connection goes back to the pool.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::upstream {

class Pool;  // the connections of one loop to one group; see gatehouse/upstream/pool.h

struct OutboundRequest {
  std::string_view method = "POST";
  std::string_view path = "/";      // origin form, with query
  http::Headers headers;            // Host and Content-Length are added
  std::string_view body;            // must stay valid until start() returns
};

struct Piece {
  enum class State { kBytes, kEnd, kWouldBlock, kError };
  State state = State::kError;
  std::string_view bytes;           // valid until the next call
};

class Outbound {
 public:
  Outbound(Pool& pool, runtime::Waiter& waiter);
  Outbound(const Outbound&) = delete;
  Outbound& operator=(const Outbound&) = delete;
  ~Outbound();

  // Connects or takes a pooled connection, sends everything, waits for the final response head. Ends early with slug
  // "client-gone" when `give_up` (may be null) becomes true. Errors: "upstream-connect", "upstream-timeout",
  // "upstream-closed", "upstream-malformed". A request that failed on a reused connection before any response byte is
  // sent once more on a new one only when nothing of it was written.
  runtime::Task<Result<int>> start(OutboundRequest request, std::chrono::milliseconds head_timeout,
                                   const http::Exchange* give_up = nullptr);
  const http::ResponseHead& response() const;  // valid after start() succeeded, until destruction

  Piece try_next();                            // next piece of the body; never blocks

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::upstream
