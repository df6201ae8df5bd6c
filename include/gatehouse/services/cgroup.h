// Limits, usage and out-of-memory kills from the text of cgroup files, version 2 and version 1. Reading files is the caller's
// business; numbers that are missing or no numbers are left out. Pure functions; any thread.
// Source: Linux, admin-guide/cgroup-v2 and admin-guide/cgroup-v1.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/services/observed.h"

namespace gatehouse::services {

enum class CgroupVersion { kV1, kV2 };

// Name of a file → what is in it; a file that is not there has no entry.
using CgroupFiles = std::map<std::string, std::string, std::less<>>;

// v2: memory.max memory.low cpu.max cpu.weight pids.max
// v1: memory.limit_in_bytes memory.soft_limit_in_bytes cpu.cfs_quota_us cpu.cfs_period_us cpu.shares pids.max
ObservedLimits read_limits(const CgroupFiles& files, CgroupVersion version);

struct Usage {
  std::optional<std::int64_t> memory;     // working set: without the page cache that can be dropped at once
  std::optional<std::int64_t> cpu_usec;   // since it was made
  std::optional<std::int64_t> pids;
  std::optional<std::int64_t> throttled;  // periods in which it had to wait
  std::optional<std::int64_t> oom_kills;
};

// v2: memory.current memory.stat cpu.stat pids.current memory.events
// v1: memory.usage_in_bytes memory.stat cpuacct.usage cpu.stat pids.current memory.oom_control
Usage read_usage(const CgroupFiles& files, CgroupVersion version);

// Shares of a reservation; 0 milli CPUs: the default.
std::int64_t shares_of(std::int64_t reserve_milli_cpus);

// Whether cpu.weight is what an engine writes for so many shares. There are two ways: a straight line, and since 2025 a curve
// on which the default of one is the default of the other.
bool is_weight_of_shares(std::int64_t weight, std::int64_t shares);

}  // namespace gatehouse::services
