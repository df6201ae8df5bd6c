// Task<T>: a lazy coroutine that its parent awaits exactly once. TaskGroup: the owner of coroutines that run on their
// own.
//
// Why not asio::awaitable: a wait costs 39 % more instructions there, and cancelling throws. Here a coroutine waits on a
// Waiter (gatehouse/runtime/loop.h), and stopping means destroying the suspended frame: what the frame owns (sockets,
// timers, buffers) deregisters itself in destructors. docs/adr/0002 has the measurements.
//
// Frames come from a free list per thread: starting a coroutine allocates nothing once the loop is warm.
//
// Rules: arguments by value (or references to things that outlive the group); no capturing lambda coroutine; build
// first, then await; no exception leaves a coroutine (it would abort).
//
//   Task<Result<Response>> fetch(Upstream& upstream, Request request);
//   Task<void> session(...) { auto response = co_await fetch(upstream, std::move(request)); ... }
//   group.spawn(session(...));
//
// Thread: one loop; a Task and its group never leave the loop on which they were started.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <utility>

#include "gatehouse/base/check.h"

namespace gatehouse::runtime {

namespace detail {

void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;
[[noreturn]] void unhandled_exception() noexcept;

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept {
    struct Resume {
      std::coroutine_handle<> next;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept { return next; }
      void await_resume() const noexcept {}
    };
    return Resume{continuation};
  }
  void unhandled_exception() noexcept { detail::unhandled_exception(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  std::coroutine_handle<Promise> get_return_object() noexcept {
    return std::coroutine_handle<Promise>::from_promise(*this);
  }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  std::coroutine_handle<Promise> get_return_object() noexcept {
    return std::coroutine_handle<Promise>::from_promise(*this);
  }
  void return_void() noexcept {}
  void take() noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
    handle_.promise().continuation = parent;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

// Owns coroutines. A module's TaskGroup is its last member, so that coroutines die before what they use.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() { stop(); }

  // Starts the task at once, on this thread; it runs until its first wait.
  void spawn(Task<void> task);

  std::size_t size() const noexcept { return size_; }

  // Destroys every coroutine that has not ended. Must not be called from inside one of them.
  void stop() noexcept;

 private:
  struct Root;
  static Root run(TaskGroup& group, Task<void> task);
  struct Node {
    Node* previous = nullptr;
    Node* next = nullptr;
    std::coroutine_handle<> handle;
  };
  void link(Node& node) noexcept;
  void unlink(Node& node) noexcept;

  Node* first_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace gatehouse::runtime
