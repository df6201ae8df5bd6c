#include "interrupt.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "gatehouse/base/check.h"

namespace gatehouse::app {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr std::string_view kWords = "gatehouse: stopping, press again to force\n";

std::atomic<int> pipe_of_process{-1};
std::atomic<int> came{0};

void on_delivery(int number) noexcept {
  const int saved = errno;
  came.store(number, std::memory_order_relaxed);
  [[maybe_unused]] auto written = ::write(pipe_of_process.load(std::memory_order_relaxed), "", 1);
  if (::isatty(STDERR_FILENO) != 0) written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  for (const int each : kSignals) ::signal(each, SIG_DFL);
  errno = saved;
}

}  // namespace

Interrupt::Interrupt() {
  int ends[2];
  GATEHOUSE_CHECK(::pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  read_end_ = UniqueFd(ends[0]);
  write_end_ = UniqueFd(ends[1]);
  GATEHOUSE_CHECK(pipe_of_process.exchange(write_end_.get()) == -1);
  struct sigaction action {};
  action.sa_handler = on_delivery;
  action.sa_flags = SA_RESTART;
  ::sigfillset(&action.sa_mask);
  for (const int number : kSignals) ::sigaction(number, &action, nullptr);
}

Interrupt::~Interrupt() {
  for (const int number : kSignals) ::signal(number, SIG_DFL);
  pipe_of_process.store(-1);
}

int Interrupt::exit_code() const noexcept { return 128 + came.load(std::memory_order_relaxed); }

}  // namespace gatehouse::app
