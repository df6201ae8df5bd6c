#include "open_exchange.h"

namespace gatehouse::mcp {

void OpenExchanges::end_unless(const std::function<bool(const Caller&)>& keep, const jsonrpc::Refusal& why) {
  for (OpenExchange* exchange : open_) {
    const http::Principal& who = exchange->principal();
    if (exchange->cut_ || keep({who.user_id, who.credential})) continue;
    exchange->cut_ = why;
    exchange->waiter().notify();
  }
}

}  // namespace gatehouse::mcp
