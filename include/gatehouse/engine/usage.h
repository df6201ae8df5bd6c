// What a container uses and may use, from the files of its control groups: no call of Podman's API. Nothing when it is no process of
// this machine, or has ended. Some system calls, none that waits; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gatehouse/services/cgroup.h"

namespace gatehouse::engine {

struct Process {
  std::string container;  // its id: another process may have the number by now
  std::int64_t pid = 0;
};

struct Consumption {
  services::Usage usage;
  services::ObservedLimits limits;
};
std::optional<Consumption> consumption_of(const Process& process, const std::string& proc = "/proc", const std::string& cgroup = "/sys/fs/cgroup");

}  // namespace gatehouse::engine
