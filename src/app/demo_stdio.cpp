#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "demo.h"
#include "gatehouse/base/build.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::app {
namespace {

constexpr std::size_t kMaxLine = 4 * 1024 * 1024;

class StdioDemo {
 public:
  StdioDemo(const DemoSettings& settings, int input, int output)
      : server_(settings), input_(loop_, UniqueFd(::fcntl(input, F_DUPFD_CLOEXEC, 3)), &waiter_), output_(output) {}

  int run() {
    // Not before the loop runs: an input that is at its end already would stop it too early.
    loop_.post([this] { group_.spawn(serve()); });
    loop_.run();
    return code_;
  }

 private:
  runtime::Task<void> serve() {
    while (read_input()) co_await waiter_.wait();
    loop_.stop();
  }

  // False at the end.
  bool read_input() {
    char buffer[16384];
    while (code_ == 0) {
      const ssize_t size = ::read(input_.fd(), buffer, sizeof buffer);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) return true;
      if (size <= 0) return false;
      take({buffer, static_cast<std::size_t>(size)});
    }
    return false;
  }

  void take(std::string_view bytes) {
    line_.append(bytes);
    std::size_t begin = 0;
    for (std::size_t end = line_.find('\n'); end != line_.npos; end = line_.find('\n', begin)) {
      handle(std::string_view(line_).substr(begin, end - begin));
      begin = end + 1;
    }
    line_.erase(0, begin);
    if (line_.size() > kMaxLine) {
      std::fputs("gatehouse demo: a line is over 4 MiB  [line-too-long]\n", stderr);
      code_ = 1;
    }
  }

  void handle(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return;
    DemoReply reply = server_.handle(line);
    write(reply.unrelated);
    write(reply.messages);
    for (auto& slow : reply.slow) group_.spawn(drive(std::move(slow)));
  }

  runtime::Task<void> drive(std::shared_ptr<SlowCall> call) {
    runtime::Waiter waiter(loop_);
    runtime::Timer timer(waiter);
    call->on_cancel = [&waiter] { waiter.notify(); };
    while (true) {
      timer.arm(call->delay());
      while (!timer.expired() && !call->cancelled()) co_await waiter.wait();
      if (call->cancelled()) co_return;
      timer.disarm();
      const SlowCall::Step step = call->step();
      write(step.messages);
      if (step.last) co_return;
    }
  }

  void write(const std::vector<std::string>& messages) {
    for (const std::string& message : messages) write_line(message + "\n");
  }

  // Standard output may be the same open file as the non-blocking input (a terminal).
  void write_line(std::string_view text) {
    while (!text.empty() && code_ == 0) {
      const ssize_t size = ::write(output_, text.data(), text.size());
      if (size > 0) {
        text.remove_prefix(static_cast<std::size_t>(size));
      } else if (errno == EAGAIN) {
        pollfd writable{output_, POLLOUT, 0};
        ::poll(&writable, 1, -1);
      } else if (errno != EINTR) {
        code_ = 1;
        loop_.stop();
      }
    }
  }

  runtime::Loop loop_{runtime::system_clock()};
  runtime::Waiter waiter_{loop_};
  DemoServer server_;
  runtime::Descriptor input_;
  int output_;
  int code_ = 0;
  std::string line_;
  runtime::TaskGroup group_;
};

// Non-blocking is a property of the open file, which others (the shell on our terminal) share: put back at the end.
class NonBlocking {
 public:
  explicit NonBlocking(int fd) : fd_(fd), flags_(::fcntl(fd, F_GETFL)) { ::fcntl(fd_, F_SETFL, flags_ | O_NONBLOCK); }
  NonBlocking(const NonBlocking&) = delete;
  NonBlocking& operator=(const NonBlocking&) = delete;
  ~NonBlocking() { ::fcntl(fd_, F_SETFL, flags_); }

 private:
  int fd_, flags_;
};

}  // namespace

DemoSettings demo_settings() {
  DemoSettings settings;
  if (const char* const from = std::getenv("MCP_HELLO_FROM"); from != nullptr && *from != '\0') settings.hello_from = from;
  settings.version = version();
  return settings;
}

int run_demo_stdio(const DemoSettings& settings, int input, int output) {
  ::signal(SIGPIPE, SIG_IGN);
  const NonBlocking guard(input);
  StdioDemo demo(settings, input, output);
  return demo.run();
}

}  // namespace gatehouse::app
