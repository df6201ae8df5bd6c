#include "gatehouse/runtime/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "gatehouse/base/check.h"

namespace gatehouse::runtime {
namespace {

std::atomic<int> pipe_of_process{-1};

void on_delivery(int number) noexcept {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe holds thousands of unread signals: one more would say nothing new.
  [[maybe_unused]] const auto written = ::write(pipe_of_process.load(std::memory_order_relaxed), &byte, 1);
  errno = saved;
}

UniqueFd make_pipe(UniqueFd& write_end) {
  int ends[2];
  GATEHOUSE_CHECK(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  write_end = UniqueFd(ends[1]);
  return UniqueFd(ends[0]);
}

}  // namespace

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), waiter_(loop), read_end_(loop, make_pipe(write_end_), &waiter_), numbers_(numbers) {
  GATEHOUSE_CHECK(pipe_of_process.exchange(write_end_.get()) == -1);
  struct sigaction action {};
  action.sa_handler = on_delivery;
  action.sa_flags = SA_RESTART;
  ::sigfillset(&action.sa_mask);
  for (const int number : numbers_) GATEHOUSE_CHECK(::sigaction(number, &action, nullptr) == 0);
  task_.spawn(watch());
}

Signals::~Signals() {
  for (const int number : numbers_) ::signal(number, SIG_IGN);
  pipe_of_process.store(-1);
}

Task<void> Signals::watch() {
  for (;;) {
    unsigned char number = 0;
    if (::read(read_end_.fd(), &number, 1) == 1) {
      on_signal_(number);
      continue;
    }
    read_end_.clear_readable();
    while (!read_end_.readable()) co_await waiter_.wait();
  }
}

}  // namespace gatehouse::runtime
