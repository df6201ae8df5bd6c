#include "gatehouse/mcp/http_port.h"

#include <utility>

namespace gatehouse::mcp {

namespace {

class OutboundCall final : public HttpCall {
 public:
  OutboundCall(upstream::Pool& pool, runtime::Waiter& waiter) : outbound_(pool, waiter) {}
  runtime::Task<Result<int>> start(upstream::OutboundRequest request, std::chrono::milliseconds head_timeout,
                                   const http::Exchange* give_up) override {
    return outbound_.start(std::move(request), head_timeout, give_up);
  }
  const http::ResponseHead& response() const override { return outbound_.response(); }
  upstream::Piece try_next() override { return outbound_.try_next(); }

 private:
  upstream::Outbound outbound_;
};

class PoolPort final : public HttpPort {
 public:
  explicit PoolPort(PoolOf pool_of) : pool_of_(std::move(pool_of)) {}
  std::unique_ptr<HttpCall> open(std::string_view server, runtime::Waiter& waiter) override {
    upstream::Pool* pool = pool_of_(server, waiter.loop().index());
    return pool == nullptr ? nullptr : std::make_unique<OutboundCall>(*pool, waiter);
  }

 private:
  PoolOf pool_of_;
};

}  // namespace

std::unique_ptr<HttpPort> make_http_port(PoolOf pool_of) { return std::make_unique<PoolPort>(std::move(pool_of)); }

}  // namespace gatehouse::mcp
