// How each service does, and why it does not run. Values and pure functions; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/health/monitor.h"

namespace gatehouse::supervisor {

enum class State {
  kUnknown,    // nobody has looked yet, or the engine is away
  kWaiting,    // for a dependency
  kPreparing,  // image, volumes, secrets, a container are being made
  kStarting,   // runs, its health is not known yet
  kRunning,    // as declared
  kUnhealthy,
  kDegraded,   // unhealthy, and restarting it did not help
  kBackoff,    // ended; will be started again at next_try
  kCrashLoop,  // the same, too often
  kCompleted,  // ended well, and that is all
  kFailed,     // ended, and starting it again would not help
  kStopping,
  kHeld,       // somebody wants it stopped
  kBlocked,    // cannot be made: `why`
};
std::string_view to_string(State state);  // "crash_loop"

struct ServiceStatus {
  std::string name;
  State state = State::kUnknown;
  std::string why;                    // one sentence; empty when it runs as declared
  std::string container;              // its name
  std::string address;                // in our network
  std::optional<health::State> health;  // absent: no check
  int restarts = 0;
  std::optional<std::chrono::milliseconds> next_try;  // from now
  std::string last_exit;              // a sentence; empty: none seen
  bool serves = false;                // traffic may go to it
};

std::string status_table(const std::vector<ServiceStatus>& services);  // lines for people
std::string status_json(const std::vector<ServiceStatus>& services);   // {"kind":"services","version":1,"items":[…]}

}  // namespace gatehouse::supervisor
