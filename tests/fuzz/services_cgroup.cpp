// Texts of cgroup files: whatever they hold, a number that is read is no absurdity.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/services/cgroup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::services;
  const std::string text(reinterpret_cast<const char*>(data), size);
  CgroupFiles files;
  for (const char* name : {"memory.max", "memory.low", "cpu.max", "cpu.weight", "pids.max", "memory.limit_in_bytes", "cpu.shares",
                           "memory.soft_limit_in_bytes", "cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.current", "memory.stat",
                           "cpu.stat", "pids.current", "memory.events", "memory.usage_in_bytes", "cpuacct.usage", "memory.oom_control"})
    files[name] = text;
  for (const CgroupVersion version : {CgroupVersion::kV1, CgroupVersion::kV2}) {
    const ObservedLimits limits = read_limits(files, version);
    if (limits.milli_cpus && *limits.milli_cpus < 0) std::abort();
    const Usage usage = read_usage(files, version);
    if (usage.memory && *usage.memory < 0) std::abort();
  }
  return 0;
}
