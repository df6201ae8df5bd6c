#include "launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string_view>

namespace gatehouse::runtime::detail {
namespace {

constexpr int kLaunchMs = 10'000;
constexpr std::size_t kStreams = 4;

struct SocketPair {
  UniqueFd ours, theirs;
};

SocketPair socket_pair() {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Error spawn_error(const std::string& what, int error) { return system_error("spawn-failed", what, error); }

std::string encode(const LaunchPlan& plan) {
  const LaunchHeader header{static_cast<std::uint32_t>(plan.argv.size()), static_cast<std::uint32_t>(plan.environment.size())};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  const auto add = [&bytes](const std::string& text) { bytes.append(text.c_str(), text.size() + 1); };
  add(plan.path);
  add(plan.directory);
  for (const std::string& argument : plan.argv) add(argument);
  for (const std::string& variable : plan.environment) add(variable);
  return bytes;
}

// 0, or errno.
int send_request(int socket, std::string& bytes, const std::array<int, kStreams>& descriptors) {
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof descriptors)] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = space;
  message.msg_controllen = sizeof space;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof descriptors);
  std::memcpy(CMSG_DATA(rights), descriptors.data(), sizeof descriptors);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

class Launcher {
 public:
  Launcher() = default;
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  ~Launcher() { end(); }

  Status request(const LaunchPlan& plan, const std::array<int, kStreams>& descriptors) {
    std::string bytes = encode(plan);
    const std::lock_guard lock(mutex_);
    for (int attempt = 0;; ++attempt) {
      if (!socket_) {
        if (auto started = start(); !started) return started;
      }
      const int error = send_request(socket_.get(), bytes, descriptors);
      if (error == 0) return {};
      if (error == EMSGSIZE) return spawn_error("cannot start '" + plan.argv[0] + "': its arguments and environment are too long", E2BIG);
      end();  // somebody killed it
      if (attempt > 0) return spawn_error("cannot reach the launcher for '" + plan.argv[0] + "'", error);
    }
  }

 private:
  Status start();

  void end() noexcept {
    socket_.reset();  // its only reason to live
    if (pid_ > 0)
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    pid_ = -1;
  }

  std::mutex mutex_;
  UniqueFd socket_;
  pid_t pid_ = -1;
};

// posix_spawn shares the memory until exec, so nothing of it is copied. The environment stays behind: it may hold secrets.
Status Launcher::start() {
  SocketPair pair = socket_pair();
  if (!pair.ours) return spawn_error("cannot make a socket for the launcher", errno);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pair.theirs.get(), 3);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  std::string name = kLauncherName;
  char* const argv[] = {name.data(), nullptr};
  char* const environment[] = {nullptr};
  const int error = ::posix_spawn(&pid_, "/proc/self/exe", &actions, &attributes, argv, environment);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    return spawn_error("cannot start the launcher", error);
  }
  socket_ = std::move(pair.ours);
  return {};
}

// Before main(): whichever program links this room can be its own launcher, also a test.
[[gnu::constructor]] void become_launcher(int argc, char** argv, char**) {
  if (argc == 1 && std::string_view(argv[0]) == kLauncherName) run_launcher();
}

Launcher& launcher() {
  static Launcher instance;
  return instance;
}

// False: the keeper is gone, or said nothing in time.
bool receive(int control, LaunchEvent& event) {
  pollfd entry{control, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&entry, 1, kLaunchMs);
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && ::recv(control, &event, sizeof event, 0) == static_cast<ssize_t>(sizeof event);
}

}  // namespace

Result<Launched> launch(const LaunchPlan& plan, const LaunchStreams& streams) {
  SocketPair control = socket_pair();
  if (!control.ours) return spawn_error("cannot make a socket for '" + plan.argv[0] + "'", errno);
  const auto asked = launcher().request(plan, {streams.input, streams.output, streams.errors, control.theirs.get()});
  if (!asked) return asked.error();
  control.theirs.reset();
  LaunchEvent event;
  if (!receive(control.ours.get(), event)) return spawn_error("cannot start '" + plan.argv[0] + "'", ECHILD);
  switch (event.kind) {
    case LaunchEvent::kStarted: break;
    case LaunchEvent::kNoDirectory: return spawn_error("cannot start '" + plan.argv[0] + "' in " + plan.directory, event.value);
    default: return spawn_error("cannot start '" + plan.argv[0] + "'", event.value);
  }
  ::fcntl(control.ours.get(), F_SETFL, O_NONBLOCK);
  return Launched{event.value, std::move(control.ours)};
}

}  // namespace gatehouse::runtime::detail
