// The event loop of one thread, and the three things that a coroutine waits for.
//
//   Loop        one edge-triggered epoll set; a turn is one system call, however many descriptors are ready
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

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

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

  void run();                                // until stop(), which may have come before; on the thread that owns the loop
  void stop();                               // any thread; the turn under way ends first
  void post(std::function<void()> work);     // any thread; runs in the next turn, in order, unless the loop ends before
  void run_for_test(Duration at_most);       // turns until that much real time is over, whatever the clock says

  // Seconds that the longest turn took since the last call; the histogram behind gatehouse_loop_lag_seconds.
  double take_max_turn_seconds() noexcept;

 private:
  friend class Waiter;
  friend class Descriptor;
  friend class Timer;

  void turn(int at_most_ms);
  int sleep_ms() const noexcept;             // until something is due; -1: nothing will be
  void wake() noexcept;
  void run_posted();
  void enqueue(Waiter& waiter) noexcept;
  void dequeue(Waiter& waiter) noexcept;
  void resume_ready();

  Clock& clock_;
  unsigned index_;
  UniqueFd epoll_;
  UniqueFd wake_;                            // an eventfd: somebody posted, or wants the loop to stop
  std::unique_ptr<TimerWheel> wheel_;
  Waiter* first_ready_ = nullptr;
  Waiter* last_ready_ = nullptr;
  std::size_t ready_count_ = 0;
  Duration longest_turn_{0};
  std::atomic<bool> stopping_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;  // last: what it holds may still use the rest
};

}  // namespace gatehouse::runtime
