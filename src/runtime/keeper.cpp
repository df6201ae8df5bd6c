// The launcher and its keepers: programs of one thread with nothing in memory, so that they may fork freely. They end with
// _exit(): the destructors of the program that they were executed from are not theirs to run.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "launch.h"

namespace gatehouse::runtime::detail {
namespace {

constexpr int kRequests = 3;  // the descriptor of the launcher's socket
constexpr int kReport = 3;    // of the program between fork and exec
constexpr std::size_t kMaxRequest = 256 * 1024;
constexpr std::size_t kStreams = 4;

struct Request {
  const char* path = nullptr;
  const char* directory = nullptr;
  std::vector<char*> argv;
  std::vector<char*> environment;
  LaunchStreams streams;
  int control = -1;
};

void send_event(int control, LaunchEvent::Kind kind, int value) noexcept {
  const LaunchEvent event{kind, value};
  [[maybe_unused]] const auto sent = ::send(control, &event, sizeof event, MSG_NOSIGNAL);
}

[[noreturn]] void fail(LaunchEvent::Kind kind) noexcept {
  const LaunchEvent event{kind, errno};
  [[maybe_unused]] const auto written = ::write(kReport, &event, sizeof event);
  ::_exit(127);
}

// The daemon raises the soft limit for itself; programs that use select(2) rely on what is usual.
void restore_descriptor_limit() noexcept {
  constexpr rlim_t kUsual = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= kUsual) return;
  limit.rlim_cur = kUsual;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// The program's own process, up to exec.
[[noreturn]] void become(const Request& request, int report) noexcept {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // of a keeper that somebody kills
  ::setsid();
  ::dup2(request.streams.input, 0);
  ::dup2(request.streams.output, 1);
  ::dup2(request.streams.errors, 2);
  ::dup3(report, kReport, O_CLOEXEC);
  ::close_range(kReport + 1, ~0U, 0);
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  restore_descriptor_limit();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*request.directory != '\0' && ::chdir(request.directory) != 0) fail(LaunchEvent::kNoDirectory);
  ::execve(request.path, request.argv.data(), request.environment.data());
  fail(LaunchEvent::kNoExec);
}

// Our children, among them the orphans that became ours. Empty where the kernel does not list them.
std::size_t list_children(std::array<pid_t, 512>& found) noexcept {
  char path[64] = "/proc/self/task/";
  char* const end = std::to_chars(path + std::strlen(path), path + sizeof path, ::getpid()).ptr;
  std::memcpy(end, "/children", sizeof "/children");
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[4096];
  const ssize_t size = ::read(fd, text, sizeof text);
  ::close(fd);
  std::size_t count = 0;
  for (const char *at = text, *const stop = text + std::max<ssize_t>(size, 0); at < stop && count < found.size();) {
    const auto [next, error] = std::from_chars(at, stop, found[count]);
    if (error != std::errc() || next == stop) break;  // the last number may be cut: it comes again
    ++count;
    at = next + 1;
  }
  return count;
}

class Keeper {
 public:
  Keeper(int control, pid_t program) : control_(control), program_(program) {}

  [[noreturn]] void run(int signals) noexcept {
    std::array<pollfd, 2> entries{{{control_, POLLIN, 0}, {signals, POLLIN, 0}}};
    bool wanted = true;
    while (wanted && !ended_) {
      if (::poll(entries.data(), entries.size(), -1) < 0) continue;
      if (entries[1].revents != 0) {
        signalfd_siginfo info;
        [[maybe_unused]] const auto taken = ::read(signals, &info, sizeof info);
        reap(WNOHANG);
      }
      if (entries[0].revents != 0) wanted = pass_signal();
    }
    kill_everything();
    send_event(control_, killed_ ? LaunchEvent::kKilled : LaunchEvent::kExited, value_);
    ::_exit(0);
  }

 private:
  // False: the daemon is gone, or wants an end.
  bool pass_signal() noexcept {
    unsigned char number = 0;
    const ssize_t size = ::recv(control_, &number, 1, 0);
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    if (size == 1 && !ended_) ::kill(-program_, number);
    return size == 1;
  }

  // False: there are no children any more.
  bool reap(int options) noexcept {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, options);
      if (pid < 0) return errno == EINTR;
      if (pid == 0) return true;
      if (pid == program_) note(status);
      if (options == 0) return true;
    }
  }

  void note(int status) noexcept {
    ended_ = true;
    killed_ = WIFSIGNALED(status);
    value_ = killed_ ? WTERMSIG(status) : WEXITSTATUS(status);
  }

  // Killing a process makes its children ours: again, until there are none.
  void kill_everything() noexcept {
    if (!ended_) ::kill(-program_, SIGKILL);
    std::array<pid_t, 512> children;
    do {
      const std::size_t count = list_children(children);
      for (std::size_t i = 0; i < count; ++i) ::kill(children[i], SIGKILL);
    } while (reap(0));
  }

  int control_;
  pid_t program_;
  bool ended_ = false, killed_ = false;
  int value_ = 0;
};

int watch_children() noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC);
}

[[noreturn]] void keep(const Request& request) noexcept {
  ::close(kRequests);
  ::prctl(PR_SET_NAME, "gatehouse-keep");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int signals = watch_children();
  std::array<int, 2> report{};
  pid_t program = -1;
  if (signals >= 0 && ::pipe2(report.data(), O_CLOEXEC) == 0) program = ::fork();
  if (program == 0) become(request, report[1]);
  if (program < 0) {
    send_event(request.control, LaunchEvent::kNoFork, errno);
    ::_exit(1);
  }
  ::close(report[1]);
  for (const int fd : {request.streams.input, request.streams.output, request.streams.errors}) ::close(fd);
  LaunchEvent failure;
  ssize_t size = 0;
  do {
    size = ::read(report[0], &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  ::close(report[0]);
  if (size == static_cast<ssize_t>(sizeof failure)) {
    send_event(request.control, failure.kind, failure.value);
    ::_exit(1);
  }
  send_event(request.control, LaunchEvent::kStarted, program);
  Keeper(request.control, program).run(signals);
}

char* take_string(char*& at, const char* end) noexcept {
  char* const begin = at;
  at += ::strnlen(at, static_cast<std::size_t>(end - at));
  if (at == end) return nullptr;
  ++at;
  return begin;
}

bool take_strings(char*& at, const char* end, std::uint32_t count, std::vector<char*>& out) {
  out.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    out.push_back(take_string(at, end));
    if (out.back() == nullptr) return false;
  }
  out.push_back(nullptr);
  return true;
}

bool decode(char* bytes, std::size_t size, Request& request) {
  LaunchHeader header;
  if (size < sizeof header) return false;
  std::memcpy(&header, bytes, sizeof header);
  char* at = bytes + sizeof header;
  const char* const end = bytes + size;
  request.path = take_string(at, end);
  request.directory = request.path != nullptr ? take_string(at, end) : nullptr;
  return request.directory != nullptr && take_strings(at, end, header.arguments, request.argv) &&
         take_strings(at, end, header.variables, request.environment);
}

// Bytes of one request, its descriptors in `request`; 0: the daemon is gone; -1: nothing that can be used.
ssize_t receive_request(char* buffer, Request& request) noexcept {
  iovec part{buffer, kMaxRequest};
  std::array<int, kStreams> descriptors{};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof descriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  ssize_t size = 0;
  do {
    size = ::recvmsg(kRequests, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return 0;
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  if (rights == nullptr || rights->cmsg_len != CMSG_LEN(sizeof descriptors)) return -1;
  std::memcpy(descriptors.data(), CMSG_DATA(rights), sizeof descriptors);
  request.streams = {descriptors[0], descriptors[1], descriptors[2]};
  request.control = descriptors[3];
  return size;
}

void close_all(const Request& request) noexcept {
  for (const int fd : {request.streams.input, request.streams.output, request.streams.errors, request.control}) ::close(fd);
}

// The daemon's own streams: who reads its log waits for their end. And no descriptor that is passed to us may get their numbers.
void let_go_of_streams() noexcept {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < kRequests; ++fd) ::dup2(nothing, fd);
  if (nothing > kRequests) ::close(nothing);
}

// A service manager that stops the daemon signals the whole group; what we watch over is stopped by the daemon, in its way.
void ignore_stop_signals() noexcept {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::signal(number, SIG_IGN);
}

}  // namespace

void run_launcher() noexcept {
  ::close_range(kRequests + 1, ~0U, 0);
  ::prctl(PR_SET_NAME, "gatehouse-launc");
  let_go_of_streams();
  ignore_stop_signals();
  struct sigaction reap_by_kernel {};
  reap_by_kernel.sa_handler = SIG_DFL;
  reap_by_kernel.sa_flags = SA_NOCLDWAIT;  // nobody asks how keepers ended
  ::sigaction(SIGCHLD, &reap_by_kernel, nullptr);
  static char buffer[kMaxRequest];
  Request request;
  for (;;) {
    const ssize_t size = receive_request(buffer, request);
    if (size == 0) ::_exit(0);
    if (size < 0) continue;
    if (!decode(buffer, static_cast<std::size_t>(size), request)) {
      close_all(request);
      continue;
    }
    const pid_t keeper = ::fork();
    if (keeper == 0) {
      ::signal(SIGCHLD, SIG_DFL);
      keep(request);
    }
    if (keeper < 0) send_event(request.control, LaunchEvent::kNoFork, errno);
    close_all(request);
  }
}

}  // namespace gatehouse::runtime::detail
