// The event loop of one thread, and the three things that a coroutine waits for.
//
//   Loop        one io_context(1) and, nested in it, one edge-triggered epoll set for the data plane
//   Waiter      where one coroutine sleeps; anything may notify it, and it looks again at what it waits for
//   Descriptor  an owned non-blocking file descriptor with readiness bits; notifies a Waiter when they change
//   Timer       a coarse deadline (50 ms ticks) on the loop's timer wheel; re-arming writes one integer
//
// A coroutine that waits for several things at once writes a loop over conditions:
//
//   while (!client.readable() && !upstream.readable() && !timer.expired()) co_await waiter.wait();
//
// Spurious wake-ups are allowed, lost ones are not. Nothing here allocates after construction.
// Thread: all members belong to the loop's thread, except Loop::post() and Loop::stop().
#pragma once

#include <boost/asio/io_context.hpp>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::runtime {

class Loop;
class TimerWheel;

class Waiter {
 public:
  explicit Waiter(Loop& loop) noexcept : loop_(loop) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter();

  // Wakes the coroutine, or lets its next wait() return at once. Never resumes it inside this call.
  void notify() noexcept;

  auto wait() noexcept {
    struct Awaiter {
      Waiter& waiter;
      bool await_ready() const noexcept { return std::exchange(waiter.notified_, false); }
      void await_suspend(std::coroutine_handle<> handle) const noexcept { waiter.sleeper_ = handle; }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  // Lets everybody else run once, then goes on.
  auto yield() noexcept {
    struct Awaiter {
      Waiter& waiter;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> handle) const noexcept {
        waiter.notified_ = false;
        waiter.sleeper_ = handle;
        waiter.notify();
      }
      void await_resume() const noexcept {}
    };
    return Awaiter{*this};
  }

  Loop& loop() const noexcept { return loop_; }

 private:
  friend class Loop;
  Loop& loop_;
  std::coroutine_handle<> sleeper_;
  Waiter* previous_ready_ = nullptr;  // in the loop's list of waiters to resume
  Waiter* next_ready_ = nullptr;
  bool queued_ = false;
  bool notified_ = false;
};

class Descriptor {
 public:
  Descriptor(Loop& loop, UniqueFd fd, Waiter* waiter = nullptr) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  int fd() const noexcept { return fd_.get(); }
  Loop& loop() const noexcept { return loop_; }

  // The coroutine to wake; nullptr for nobody (bits are still kept).
  void set_waiter(Waiter* waiter) noexcept { waiter_ = waiter; }

  // Hints: true until a call on the descriptor answered "would block" and its owner said so below.
  bool readable() const noexcept { return (ready_ & kReadable) != 0; }
  bool writable() const noexcept { return (ready_ & kWritable) != 0; }
  // The peer has closed its sending side, or the connection is broken. Sticky.
  bool hangup() const noexcept { return (ready_ & kHangup) != 0; }

  void clear_readable() noexcept { ready_ &= static_cast<std::uint8_t>(~kReadable); }
  void clear_writable() noexcept { ready_ &= static_cast<std::uint8_t>(~kWritable); }

 private:
  friend class Loop;
  static constexpr std::uint8_t kReadable = 1, kWritable = 2, kHangup = 4;

  Loop& loop_;
  UniqueFd fd_;
  Waiter* waiter_;
  std::uint8_t ready_ = kWritable;
};

class Timer {
 public:
  explicit Timer(Waiter& waiter) noexcept : waiter_(waiter) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  void arm(Duration delay) noexcept;      // replaces an earlier deadline
  void disarm() noexcept;                 // expired() becomes false
  bool armed() const noexcept { return deadline_ != kNever; }
  bool expired() const noexcept { return expired_; }

 private:
  friend class TimerWheel;
  static constexpr std::int64_t kNever = INT64_MAX;

  Waiter& waiter_;
  std::int64_t deadline_ = kNever;  // in ticks
  std::int64_t slot_ = -1;          // where the wheel holds it, or -1
  Timer* previous_ = nullptr;
  Timer* next_ = nullptr;
  bool expired_ = false;
};

class Loop {
 public:
  explicit Loop(Clock& clock, unsigned index = 0);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  unsigned index() const noexcept { return index_; }
  Clock& clock() const noexcept { return clock_; }
  boost::asio::io_context& context() noexcept { return context_; }

  void run();                                // until stop(); on the thread that owns the loop
  void stop();                               // any thread
  void post(std::function<void()> work);     // any thread
  void run_for_test(Duration at_most);       // runs until nothing is ready or the time is over

  // Seconds that the last turns of the loop took; the histogram behind gatehouse_loop_lag_seconds.
  double take_max_turn_seconds() noexcept;

 private:
  friend class Waiter;
  friend class Descriptor;
  friend class Timer;
  struct Reactor;

  void enqueue(Waiter& waiter) noexcept;
  void dequeue(Waiter& waiter) noexcept;
  void resume_ready();

  Clock& clock_;
  unsigned index_;
  boost::asio::io_context context_{1};
  std::unique_ptr<TimerWheel> wheel_;
  std::unique_ptr<Reactor> reactor_;
  Waiter* first_ready_ = nullptr;
  Waiter* last_ready_ = nullptr;
  std::size_t ready_count_ = 0;
  bool drain_posted_ = false;
};


}  // namespace gatehouse::runtime
