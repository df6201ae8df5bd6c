// Control groups of processes, as files of the kernel: limits in force, and how often the kernel killed for want of memory. Reading
// them costs some system calls and waits for nothing. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/engine/usage.h"
#include "gatehouse/services/cgroup.h"

namespace gatehouse::engine {

struct Groups {
  services::CgroupVersion version = services::CgroupVersion::kV2;
  std::vector<std::pair<std::string, std::string>> directories;  // controller → where it is; v2: one, ""
};

// Of a process, from the text of /proc/PID/cgroup. Nothing: it is not in a group of this container, so it is somebody else's.
std::optional<Groups> groups_of(std::string_view text, std::string_view container, const std::string& root, bool unified);
std::optional<Groups> find_groups(const std::string& proc, const std::string& root, std::int64_t pid, std::string_view container);

services::ObservedLimits limits_in(const Groups& groups);
services::Usage usage_in(const Groups& groups);

}  // namespace gatehouse::engine
