// HttpPort: how the gateway reaches an MCP server over HTTP. make_http_port() stands on the connection pools of upstream;
// tests script their own. A call belongs to the coroutine that opened it; destroying it before its end aborts it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/http/message.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/upstream/outbound.h"

namespace gatehouse::mcp {

class HttpCall {
 public:
  virtual ~HttpCall() = default;
  // The status of the response head. Errors and `give_up` as in upstream::Outbound::start.
  virtual runtime::Task<Result<int>> start(upstream::OutboundRequest request, std::chrono::milliseconds head_timeout,
                                           const http::Exchange* give_up) = 0;
  virtual const http::ResponseHead& response() const = 0;
  virtual upstream::Piece try_next() = 0;
};

class HttpPort {
 public:
  virtual ~HttpPort() = default;
  // Null: there is no such server on this loop. `waiter` is notified when the call has news.
  virtual std::unique_ptr<HttpCall> open(std::string_view server, runtime::Waiter& waiter) = 0;
};

// The pool of one server (ServerSettings::name) on one loop; null when unknown. Called on that loop.
using PoolOf = std::function<upstream::Pool*(std::string_view server, unsigned loop)>;
std::unique_ptr<HttpPort> make_http_port(PoolOf pool_of);

}  // namespace gatehouse::mcp
