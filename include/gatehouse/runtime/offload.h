// Offload: runs blocking or slow work (SQLite, password hashes, getaddrinfo) on a small pool of threads, so that no loop
// ever waits. The queue is bounded: when it is full, offload answers nothing and the caller says "overloaded".
//
//   std::optional<Row> row = co_await offload(pool, waiter.loop(), [id] { return read_row(id); });
//
// The coroutine may be destroyed while the work is queued or running: the work still ends on its thread, its result is
// dropped. Capture by value, or references that outlive the pool.
// Owner: main. Thread: submit from any; results arrive on the given loop. Stop: the destructor ends running work and
// drops what is queued.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <vector>

#include "gatehouse/runtime/loop.h"

namespace gatehouse::runtime {

class OffloadPool {
 public:
  explicit OffloadPool(unsigned threads, std::size_t queue_limit = 1024);
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;
  ~OffloadPool();

  bool submit(std::function<void()> work);  // false: queue full or stopping
  std::size_t queued() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t queue_limit_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class Function>
class OffloadAwaiter {
  using T = std::invoke_result_t<Function>;
  struct Shared {
    std::optional<T> result;
    std::coroutine_handle<> sleeper;  // null when the coroutine is gone; read and written on the loop only
  };

 public:
  OffloadAwaiter(OffloadPool& pool, Loop& loop, Function function)
      : pool_(pool), loop_(loop), function_(std::move(function)), shared_(std::make_shared<Shared>()) {}
  OffloadAwaiter(const OffloadAwaiter&) = delete;
  OffloadAwaiter& operator=(const OffloadAwaiter&) = delete;
  ~OffloadAwaiter() { shared_->sleeper = {}; }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> handle) {
    shared_->sleeper = handle;
    return pool_.submit([shared = shared_, &loop = loop_, function = std::move(function_)]() mutable {
      shared->result.emplace(function());
      loop.post([shared = std::move(shared)] {
        if (shared->sleeper) std::exchange(shared->sleeper, {}).resume();
      });
    });
  }
  std::optional<T> await_resume() { return std::move(shared_->result); }

 private:
  OffloadPool& pool_;
  Loop& loop_;
  Function function_;
  std::shared_ptr<Shared> shared_;
};

template <class Function>
OffloadAwaiter<Function> offload(OffloadPool& pool, Loop& loop, Function function) {
  return OffloadAwaiter<Function>(pool, loop, std::move(function));
}

}  // namespace gatehouse::runtime
