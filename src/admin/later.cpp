#include "later.h"

namespace gatehouse::admin {

namespace {

// Shared by the coroutine and whoever answers, and touched on the exchange's loop only.
struct Pending {
  runtime::Waiter* waiter = nullptr;  // null: the exchange is gone
  std::optional<http::Response> answer;
};

struct Watch {
  std::shared_ptr<Pending> pending = std::make_shared<Pending>();
  explicit Watch(runtime::Waiter& waiter) { pending->waiter = &waiter; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { pending->waiter = nullptr; }
};

void finish(Pending& pending, http::Response answer) {
  if (pending.answer) return;
  pending.answer = std::move(answer);
  if (pending.waiter != nullptr) pending.waiter->notify();
}

}  // namespace

runtime::Task<std::optional<http::Response>> later(http::Exchange& exchange, const Endpoint& endpoint, Call call) {
  const Watch watch(exchange.waiter());
  endpoint.begin(call, [pending = watch.pending, &loop = exchange.loop()](http::Response answer) {
    loop.post([pending, answer = std::move(answer)] { finish(*pending, answer); });
  });
  while (!watch.pending->answer && !exchange.client_gone() && !exchange.draining()) co_await exchange.waiter().wait();
  if (watch.pending->answer) co_return std::move(watch.pending->answer);
  if (exchange.client_gone()) co_return std::nullopt;
  co_return http::problem(503, "stopping", "the daemon is stopping", call.request_id);
}

}  // namespace gatehouse::admin
