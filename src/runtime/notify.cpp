#include "gatehouse/runtime/notify.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace gatehouse::runtime {
namespace {

constexpr std::size_t kMaxStatus = 512;
constexpr int kMaxSockets = 64;

std::string take(const char* name) {
  const char* const value = std::getenv(name);
  std::string text(value != nullptr ? value : "");
  ::unsetenv(name);
  return text;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_ours(std::string_view pid) { return parse<pid_t>(pid) == ::getpid(); }

std::optional<Duration> watchdog_of(const NotifyEnvironment& environment) {
  const auto microseconds = parse<std::uint64_t>(environment.watchdog_usec);
  if (!microseconds || *microseconds == 0 || *microseconds > UINT64_C(86'400'000'000)) return std::nullopt;
  if (!environment.watchdog_pid.empty() && !is_ours(environment.watchdog_pid)) return std::nullopt;
  return std::chrono::microseconds(*microseconds) / 2;
}

// The protocol is lines: a line break inside a status would be a second assignment.
std::string status_line(std::string_view text) {
  std::string line = "STATUS=" + std::string(text.substr(0, kMaxStatus));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(':'), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

}  // namespace

NotifyEnvironment notify_environment() {
  NotifyEnvironment environment;
  environment.notify_socket = take("NOTIFY_SOCKET");
  environment.watchdog_usec = take("WATCHDOG_USEC");
  environment.watchdog_pid = take("WATCHDOG_PID");
  environment.listen_pid = take("LISTEN_PID");
  environment.listen_fds = take("LISTEN_FDS");
  environment.listen_fdnames = take("LISTEN_FDNAMES");
  return environment;
}

Notifier::Notifier(const NotifyEnvironment& environment) : address_(environment.notify_socket), watchdog_(watchdog_of(environment)) {
  const bool usable = address_.size() > 1 && address_.size() < sizeof(sockaddr_un::sun_path) &&
                      (address_[0] == '/' || address_[0] == '@');
  if (!usable) return;
  if (address_[0] == '@') address_[0] = '\0';
  socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Status Notifier::send(std::string_view state) {
  if (!enabled()) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  // The length counts for an abstract name, whose bytes are not ended by a NUL.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  const ssize_t sent = ::sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), length);
  if (sent == static_cast<ssize_t>(state.size())) return {};
  return system_error("notify-failed", "cannot tell the service manager", errno);
}

Status Notifier::ready(std::string_view text) { return send("READY=1\n" + status_line(text)); }
Status Notifier::status(std::string_view text) { return send(status_line(text)); }

Status Notifier::reloading(const Clock& clock, std::string_view text) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock.now().time_since_epoch());
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()) + "\n" + status_line(text));
}

Status Notifier::stopping(std::string_view text) { return send("STOPPING=1\n" + status_line(text)); }
Status Notifier::watchdog() { return send("WATCHDOG=1"); }

Status Notifier::extend_timeout(std::chrono::microseconds by) {
  return send("EXTEND_TIMEOUT_USEC=" + std::to_string(by.count()));
}

Status Notifier::main_pid(int pid) { return send("MAINPID=" + std::to_string(pid)); }

Result<std::vector<InheritedSocket>> inherited_sockets(const NotifyEnvironment& environment, int first_fd) {
  if (environment.listen_fds.empty() || !is_ours(environment.listen_pid)) return std::vector<InheritedSocket>{};
  const auto count = parse<int>(environment.listen_fds);
  if (!count || *count < 0 || *count > kMaxSockets) {
    return make_error("listen-fds", "LISTEN_FDS is '" + environment.listen_fds + "'; expected a number from 0 to " +
                                        std::to_string(kMaxSockets));
  }
  std::vector<std::string> names = split_names(environment.listen_fdnames);
  if (!names.empty() && names.size() != static_cast<std::size_t>(*count)) {
    return make_error("listen-fds", "LISTEN_FDNAMES holds " + std::to_string(names.size()) + " names for " +
                                        std::to_string(*count) + " descriptors");
  }
  names.resize(static_cast<std::size_t>(*count), "unknown");
  std::vector<InheritedSocket> sockets;
  for (std::string& name : names) {
    const int fd = first_fd + static_cast<int>(sockets.size());
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      return system_error("listen-fds", "descriptor " + std::to_string(fd) + " of LISTEN_FDS", errno);
    }
    sockets.push_back({UniqueFd(fd), std::move(name)});
  }
  return sockets;
}

}  // namespace gatehouse::runtime
