// Talking to the service manager, by the protocol of sd_notify(3) and sd_listen_fds(3), without libsystemd: one datagram
// with lines NAME=value on the socket that NOTIFY_SOCKET names (a path, or an abstract name behind '@').
//
//   Notifier notifier(notify_environment());
//   notifier.ready("listening on 0.0.0.0:8443");
//   if (auto interval = notifier.watchdog_interval()) ...     // call watchdog() at least this often
//
// Without NOTIFY_SOCKET every call does nothing and succeeds. Nothing blocks: a datagram that finds no room is lost and
// reported as an error.
// Owner: main. Thread: any one. Stop: the destructor.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::runtime {

// What the service manager put into the environment; empty strings for what is not set.
struct NotifyEnvironment {
  std::string notify_socket;
  std::string watchdog_usec, watchdog_pid;
  std::string listen_pid, listen_fds, listen_fdnames;
};

// Reads the variables and removes them, so that children do not take them for theirs. Call before threads start.
NotifyEnvironment notify_environment();

class Notifier {
 public:
  explicit Notifier(const NotifyEnvironment& environment);

  bool enabled() const noexcept { return static_cast<bool>(socket_); }

  Status ready(std::string_view status);
  Status status(std::string_view text);                     // one line; control characters become blanks
  Status reloading(const Clock& clock, std::string_view status);  // Type=notify-reload; then ready() again
  Status stopping(std::string_view status);
  Status watchdog();
  Status extend_timeout(std::chrono::microseconds by);      // from now on
  Status main_pid(int pid);                                 // after a hand-over to a new binary

  // Half of WATCHDOG_USEC, as sd_watchdog_enabled(3) recommends; none when unset or meant for another process.
  std::optional<Duration> watchdog_interval() const noexcept { return watchdog_; }

 private:
  Status send(std::string_view state);

  UniqueFd socket_;
  std::string address_;  // sun_path, with a NUL in front when abstract
  std::optional<Duration> watchdog_;
};

// A socket that the manager opened for us (socket activation): descriptors 3 and up, in the order of the unit's
// ListenStream= lines; `name` is FileDescriptorName=, "unknown" when the manager gave none.
struct InheritedSocket {
  UniqueFd fd;
  std::string name;
};

// Empty when LISTEN_PID is not ours. Takes ownership of the descriptors and sets close-on-exec. Call once. An error
// (slug "listen-fds") when the variables contradict each other or a descriptor is not open.
Result<std::vector<InheritedSocket>> inherited_sockets(const NotifyEnvironment& environment, int first_fd = 3);

}  // namespace gatehouse::runtime
