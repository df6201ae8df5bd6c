#include "gatehouse/runtime/loop.h"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "gatehouse/base/check.h"
#include "timer_wheel.h"

namespace gatehouse::runtime {

// The data plane's epoll set, itself watched by the io_context. Descriptors are registered once, edge-triggered, so a
// wait costs no system call; Asio's own reactor would need one epoll_ctl or one failing read for each.
struct Loop::Reactor {
  static constexpr int kBatch = 256;

  explicit Reactor(Loop& owner)
      : loop(owner), epoll(::epoll_create1(EPOLL_CLOEXEC)), watched(owner.context_.get_executor()) {
    GATEHOUSE_CHECK(epoll);
    watched.assign(epoll.get());
    arm();
  }
  ~Reactor() { watched.release(); }

  void arm() {
    watched.async_wait(boost::asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& error) {
      if (error) return;
      turn();
      arm();
    });
  }

  bool collect() noexcept {
    const int count = ::epoll_wait(epoll.get(), events.data(), kBatch, 0);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto& descriptor = *static_cast<Descriptor*>(event.data.ptr);
      if ((event.events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) descriptor.ready_ |= Descriptor::kReadable;
      if ((event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) descriptor.ready_ |= Descriptor::kWritable;
      if ((event.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) descriptor.ready_ |= Descriptor::kHangup;
      if (descriptor.waiter_ != nullptr) descriptor.waiter_->notify();
    }
    return count == kBatch;
  }

  void turn() {
    const SteadyTime start = loop.clock_.now();
    collecting = true;
    collect();
    collecting = false;
    loop.resume_ready();
    longest_turn = std::max(longest_turn, loop.clock_.now() - start);
  }

  Loop& loop;
  UniqueFd epoll;
  boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> watched;
  std::array<epoll_event, kBatch> events{};
  Duration longest_turn{0};
  bool collecting = false;
};

Loop::Loop(Clock& clock, unsigned index)
    : clock_(clock), index_(index), wheel_(std::make_unique<TimerWheel>(*this)), reactor_(std::make_unique<Reactor>(*this)) {}

Loop::~Loop() = default;

void Loop::run() {
  context_.restart();
  context_.run();
}

void Loop::stop() { context_.stop(); }

void Loop::post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }

void Loop::run_for_test(Duration at_most) {
  const SteadyTime end = system_clock().now() + at_most;
  do {
    context_.restart();
    for (int handlers = 0; handlers < 1000 && context_.poll_one() > 0; ++handlers) {
    }
    wheel_->advance();
    resume_ready();
  } while (system_clock().now() < end);
}

double Loop::take_max_turn_seconds() noexcept {
  return std::chrono::duration<double>(std::exchange(reactor_->longest_turn, Duration{0})).count();
}

void Loop::enqueue(Waiter& waiter) noexcept {
  waiter.queued_ = true;
  ++ready_count_;
  waiter.previous_ready_ = last_ready_;
  waiter.next_ready_ = nullptr;
  (last_ready_ != nullptr ? last_ready_->next_ready_ : first_ready_) = &waiter;
  last_ready_ = &waiter;
  // Inside a turn the list is looked at anyway; otherwise somebody has to come back for it.
  if (reactor_->collecting || drain_posted_) return;
  drain_posted_ = true;
  boost::asio::post(context_, [this] {
    drain_posted_ = false;
    resume_ready();
  });
}

void Loop::dequeue(Waiter& waiter) noexcept {
  (waiter.previous_ready_ != nullptr ? waiter.previous_ready_->next_ready_ : first_ready_) = waiter.next_ready_;
  (waiter.next_ready_ != nullptr ? waiter.next_ready_->previous_ready_ : last_ready_) = waiter.previous_ready_;
  waiter.queued_ = false;
  --ready_count_;
}

// Coroutines that are notified while this runs are resumed by the next turn, so that two that wake each other cannot
// keep the loop from its sockets.
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
  const int added = ::epoll_ctl(loop_.reactor_->epoll.get(), EPOLL_CTL_ADD, fd_.get(), &event);
  // A file that cannot be polled (a regular file as stdin) is always ready.
  if (added != 0) ready_ = kReadable | kWritable;
}

Descriptor::~Descriptor() {
  // Closing alone would leave the registration alive while a child that is being forked holds a duplicate.
  epoll_event unused{};
  ::epoll_ctl(loop_.reactor_->epoll.get(), EPOLL_CTL_DEL, fd_.get(), &unused);
}

Timer::~Timer() { waiter_.loop().wheel_->unlink(*this); }

void Timer::arm(Duration delay) noexcept { waiter_.loop().wheel_->arm(*this, delay); }

void Timer::disarm() noexcept {
  deadline_ = kNever;
  expired_ = false;
}

}  // namespace gatehouse::runtime
