// How a child process comes to be, and how nothing of it stays behind. Private to the room.
//
//   daemon ── request ──► launcher ── fork ──► keeper ── fork, exec ──► program ──► whatever that starts
//      └───────────────── control ───────────────┘
//
// launcher  one process, this program executed again with nothing in its memory; it forks a keeper for each request. The
//           daemon, large and full of threads and secrets, never forks.
// keeper    one per child, its reaper (PR_SET_CHILD_SUBREAPER): orphans of the program become its children, also those that
//           left its session. When the program ends, or the control socket does (the daemon closed it, or died), the keeper
//           kills everything below it until nothing is left, and ends.
//
// A request is one datagram: a Header, then NUL-terminated strings (path, directory, arguments, environment), with four
// descriptors: standard streams and the keeper's end of the control socket. On the control socket the keeper sends Events;
// the daemon sends signal numbers, one byte each, for the program's process group.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse::runtime::detail {

struct LaunchHeader {
  std::uint32_t arguments = 0;
  std::uint32_t variables = 0;
};

struct LaunchEvent {
  enum Kind : std::int32_t { kStarted, kNoDirectory, kNoExec, kNoFork, kExited, kKilled } kind = kStarted;
  std::int32_t value = 0;  // process id, errno, exit code, signal
};

struct LaunchPlan {
  std::string path;
  std::string directory;  // empty: the daemon's
  std::vector<std::string> argv;
  std::vector<std::string> environment;  // NAME=value
};

struct LaunchStreams {
  int input = -1, output = -1, errors = -1;
};

struct Launched {
  pid_t pid = -1;
  UniqueFd control;  // closing it ends everything; non-blocking
};

// Starts the launcher when there is none. Waits until the program was executed or could not be; thread-safe. Slug
// "spawn-failed".
Result<Launched> launch(const LaunchPlan& plan, const LaunchStreams& streams);

// The launcher's main(), on descriptor 3; src/runtime/keeper.cpp.
[[noreturn]] void run_launcher() noexcept;

inline constexpr const char* kLauncherName = "gatehouse-launcher";

}  // namespace gatehouse::runtime::detail
