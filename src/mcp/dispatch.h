// Dispatch: the handler of all endpoints. Checks a request in the order of the specification and hands it on.
#pragma once

#include <memory>
#include <vector>

#include "exchange_context.h"

namespace gatehouse::mcp {

class Dispatch final : public http::Handler {
 public:
  Dispatch(std::shared_ptr<Shared> shared, std::vector<std::shared_ptr<Lane>> lanes, HttpPort* http)
      : shared_(std::move(shared)), lanes_(std::move(lanes)), http_(http) {}
  std::optional<http::Response> refuse_early(http::Exchange& exchange) override;  // Host and Origin
  runtime::Task<void> handle(http::Exchange& exchange) override;

 private:
  runtime::Task<void> post(Context& context);
  runtime::Task<void> get(Context& context);
  runtime::Task<void> remove(Context& context);

  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  HttpPort* http_;
};

}  // namespace gatehouse::mcp
