// Waiting in an exchange for an answer that comes from another loop.
#pragma once

#include <memory>

#include "gatehouse/http/exchange.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::admin {

// Shared by the coroutine and whoever answers, and touched on the exchange's loop only.
template <class T>
struct Pending {
  runtime::Waiter* waiter = nullptr;  // null: the exchange is gone
  bool done = false;
  T view{};
};

template <class T>
class PendingAnswer {
 public:
  explicit PendingAnswer(http::Exchange& exchange) : exchange_(exchange) { pending_->waiter = &exchange.waiter(); }
  PendingAnswer(const PendingAnswer&) = delete;
  PendingAnswer& operator=(const PendingAnswer&) = delete;
  ~PendingAnswer() { pending_->waiter = nullptr; }

  // For any thread; the first call counts.
  std::function<void(T)> callback() const {
    return [pending = pending_, &loop = exchange_.loop()](T view) {
      loop.post([pending, view = std::move(view)] {
        if (pending->done) return;
        pending->done = true;
        pending->view = view;
        if (pending->waiter != nullptr) pending->waiter->notify();
      });
    };
  }
  bool done() const noexcept { return pending_->done; }
  const T& view() const noexcept { return pending_->view; }

 private:
  http::Exchange& exchange_;
  std::shared_ptr<Pending<T>> pending_ = std::make_shared<Pending<T>>();
};

}  // namespace gatehouse::admin
