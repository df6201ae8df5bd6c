#include "gatehouse/runtime/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "gatehouse/base/check.h"
#include "timer_wheel.h"

namespace gatehouse::runtime {

namespace {

constexpr int kBatch = 256;  // events of one turn

}  // namespace

Loop::Loop(Clock& clock, unsigned index)
    : clock_(clock), index_(index), epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wheel_(std::make_unique<TimerWheel>(clock)) {
  GATEHOUSE_CHECK(epoll_ && wake_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  GATEHOUSE_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) == 0);
}

Loop::~Loop() = default;

void Loop::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn(sleep_ms());
  stopping_.store(false, std::memory_order_relaxed);
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  wake();
}

void Loop::wake() noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void Loop::post(std::function<void()> work) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(work));
  }
  if (first) wake();
}

void Loop::run_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (std::function<void()>& one : work) std::exchange(one, nullptr)();
}

int Loop::sleep_ms() const noexcept { return first_ready_ != nullptr ? 0 : wheel_->due_in_ms(); }

// Wakes who waits for what has happened, and lets them run. What they wake in turn runs in the next one, so that two
// that wake each other cannot keep the loop from its sockets.
void Loop::turn(int at_most_ms) {
  std::array<epoll_event, kBatch> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), kBatch, at_most_ms);
  const SteadyTime start = clock_.now();
  bool woken = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr) {
      woken = true;
      continue;
    }
    auto& descriptor = *static_cast<Descriptor*>(event.data.ptr);
    if ((event.events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) descriptor.ready_ |= Descriptor::kReadable;
    if ((event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) descriptor.ready_ |= Descriptor::kWritable;
    if ((event.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) descriptor.ready_ |= Descriptor::kHangup;
    if (descriptor.waiter_ != nullptr) descriptor.waiter_->notify();
  }
  if (woken) run_posted();
  wheel_->advance(start);
  resume_ready();
  longest_turn_ = std::max(longest_turn_, clock_.now() - start);
}

void Loop::run_for_test(Duration at_most) {
  const SteadyTime end = system_clock().now() + at_most;
  do {
    turn(first_ready_ == nullptr && at_most.count() > 0 ? 1 : 0);
  } while (system_clock().now() < end);
}

double Loop::take_max_turn_seconds() noexcept {
  return std::chrono::duration<double>(std::exchange(longest_turn_, Duration{0})).count();
}

void Loop::enqueue(Waiter& waiter) noexcept {
  waiter.queued_ = true;
  ++ready_count_;
  waiter.previous_ready_ = last_ready_;
  waiter.next_ready_ = nullptr;
  (last_ready_ != nullptr ? last_ready_->next_ready_ : first_ready_) = &waiter;
  last_ready_ = &waiter;
}

void Loop::dequeue(Waiter& waiter) noexcept {
  (waiter.previous_ready_ != nullptr ? waiter.previous_ready_->next_ready_ : first_ready_) = waiter.next_ready_;
  (waiter.next_ready_ != nullptr ? waiter.next_ready_->previous_ready_ : last_ready_) = waiter.previous_ready_;
  waiter.queued_ = false;
  --ready_count_;
}

void Loop::resume_ready() {
  for (std::size_t left = ready_count_; left > 0 && first_ready_ != nullptr; --left) {
    Waiter& waiter = *first_ready_;
    dequeue(waiter);
    if (waiter.sleeper_) std::exchange(waiter.sleeper_, {}).resume();
  }
}

Waiter::~Waiter() {
  if (queued_) loop_.dequeue(*this);
}

void Waiter::notify() noexcept {
  if (!sleeper_) {
    notified_ = true;
    return;
  }
  if (!queued_) loop_.enqueue(*this);
}

Descriptor::Descriptor(Loop& loop, UniqueFd fd, Waiter* waiter) noexcept
    : loop_(loop), fd_(std::move(fd)), waiter_(waiter) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = this;
  const int added = ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_ADD, fd_.get(), &event);
  // A file that cannot be polled (a regular file as stdin) is always ready.
  if (added != 0) ready_ = kReadable | kWritable;
}

Descriptor::~Descriptor() {
  // Closing alone would leave the registration alive while a child that is being forked holds a duplicate.
  epoll_event unused{};
  ::epoll_ctl(loop_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), &unused);
}

Timer::~Timer() { waiter_.loop().wheel_->unlink(*this); }

void Timer::arm(Duration delay) noexcept { waiter_.loop().wheel_->arm(*this, delay); }

void Timer::disarm() noexcept {
  deadline_ = kNever;
  expired_ = false;
}

}  // namespace gatehouse::runtime
