// OpenExchange: an exchange under way, which can be ended before its time: its credential was revoked, or the daemon stops.
// It is the edge's exchange, except that to whoever waits for a server its client seems to be gone then; cut() says that it
// is not, and what to answer.
//
// Owner: the frame that handles the exchange; the list belongs to the lane of its loop. Thread: that loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>

#include "gatehouse/http/exchange.h"
#include "gatehouse/jsonrpc/protocol.h"
#include "gatehouse/mcp/gateway.h"

namespace gatehouse::mcp {

class OpenExchange;

class OpenExchanges {
 public:
  void end_unless(const std::function<bool(const Caller&)>& keep, const jsonrpc::Refusal& why);

 private:
  friend class OpenExchange;
  std::unordered_set<OpenExchange*> open_;
};

class OpenExchange final : public http::Exchange {
 public:
  OpenExchange(http::Exchange& inner, std::shared_ptr<OpenExchanges> all) : inner_(inner), all_(std::move(all)) { all_->open_.insert(this); }
  OpenExchange(const OpenExchange&) = delete;
  OpenExchange& operator=(const OpenExchange&) = delete;
  ~OpenExchange() override { all_->open_.erase(this); }

  // Why it has to end. Null: it does not.
  const jsonrpc::Refusal* cut() const noexcept { return cut_ ? &*cut_ : nullptr; }
  bool client_gone() const noexcept override { return cut_ || inner_.client_gone(); }

  const http::RequestHead& request() const noexcept override { return inner_.request(); }
  const http::ClientInfo& client() const noexcept override { return inner_.client(); }
  const http::Principal& principal() const noexcept override { return inner_.principal(); }
  runtime::Loop& loop() noexcept override { return inner_.loop(); }
  runtime::Task<Result<std::string>> read_body(std::size_t limit) override { return inner_.read_body(limit); }
  runtime::Task<bool> respond(http::Response response) override { return inner_.respond(std::move(response)); }
  runtime::Task<bool> begin_stream(http::Response head) override { return inner_.begin_stream(std::move(head)); }
  runtime::Task<bool> send(std::string_view piece) override { return inner_.send(piece); }
  runtime::Task<bool> end_stream() override { return inner_.end_stream(); }
  runtime::Waiter& waiter() noexcept override { return inner_.waiter(); }
  bool draining() const noexcept override { return inner_.draining(); }
  void annotate(std::string_view key, std::string_view value) override { inner_.annotate(key, value); }

 private:
  friend class OpenExchanges;
  http::Exchange& inner_;
  std::shared_ptr<OpenExchanges> all_;
  std::optional<jsonrpc::Refusal> cut_;
};

}  // namespace gatehouse::mcp
