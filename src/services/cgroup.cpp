#include "gatehouse/services/cgroup.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gatehouse::services {

namespace {

constexpr std::int64_t kUnlimitedV1 = 0x7fffffffffff0000;  // the largest count of pages, whatever their size
constexpr std::int64_t kDefaultShares = 1024;
constexpr std::int64_t kDefaultWeight = 100;
constexpr std::int64_t kMinShares = 2;
constexpr std::int64_t kMaxShares = 262'144;

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> integer(std::string_view text) {
  std::int64_t value = 0;
  text = trim(text);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

const std::string* file(const CgroupFiles& files, std::string_view name) {
  const auto found = files.find(name);
  return found == files.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> number(const CgroupFiles& files, std::string_view name) {
  const std::string* text = file(files, name);
  return text == nullptr ? std::nullopt : integer(*text);
}

// A number, or "max", which is no limit.
std::optional<std::int64_t> limit(const CgroupFiles& files, std::string_view name) {
  const std::string* text = file(files, name);
  if (text == nullptr) return std::nullopt;
  return trim(*text) == "max" ? std::optional<std::int64_t>(0) : integer(*text);
}

std::optional<std::int64_t> limit_v1(const CgroupFiles& files, std::string_view name) {
  const auto value = number(files, name);
  return value && *value >= kUnlimitedV1 ? std::optional<std::int64_t>(0) : value;
}

// "name value" lines.
std::optional<std::int64_t> entry(const CgroupFiles& files, std::string_view name, std::string_view key) {
  const std::string* text = file(files, name);
  std::string_view rest = text == nullptr ? std::string_view() : *text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') return integer(line.substr(key.size() + 1));
  }
  return std::nullopt;
}

std::optional<std::int64_t> milli_cpus(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
  if (!quota || !period || *period <= 0 || *quota > std::int64_t(1) << 50) return std::nullopt;
  return *quota <= 0 ? 0 : (*quota * 1000 + *period / 2) / *period;
}

// "50000 100000" or "max 100000".
std::optional<std::int64_t> cpu_max(const CgroupFiles& files) {
  const std::string* text = file(files, "cpu.max");
  if (text == nullptr) return std::nullopt;
  const std::string_view line = trim(*text);
  const std::size_t space = line.find(' ');
  if (space == line.npos) return std::nullopt;
  if (line.substr(0, space) == "max") return 0;
  return milli_cpus(integer(line.substr(0, space)), integer(line.substr(space + 1)));
}

std::optional<std::int64_t> difference(std::optional<std::int64_t> total, std::optional<std::int64_t> part) {
  if (!total) return std::nullopt;
  return std::max<std::int64_t>(0, *total - part.value_or(0));
}

}  // namespace

ObservedLimits read_limits(const CgroupFiles& files, CgroupVersion version) {
  ObservedLimits out;
  out.pids = limit(files, "pids.max");
  if (version == CgroupVersion::kV2) {
    out.memory = limit(files, "memory.max");
    out.reserve_memory = limit(files, "memory.low");
    out.milli_cpus = cpu_max(files);
    out.cpu_weight = number(files, "cpu.weight");
    return out;
  }
  out.memory = limit_v1(files, "memory.limit_in_bytes");
  out.reserve_memory = limit_v1(files, "memory.soft_limit_in_bytes");
  out.milli_cpus = milli_cpus(number(files, "cpu.cfs_quota_us"), number(files, "cpu.cfs_period_us"));
  out.cpu_shares = number(files, "cpu.shares");
  return out;
}

Usage read_usage(const CgroupFiles& files, CgroupVersion version) {
  Usage out;
  out.pids = number(files, "pids.current");
  out.throttled = entry(files, "cpu.stat", "nr_throttled");
  if (version == CgroupVersion::kV2) {
    out.memory = difference(number(files, "memory.current"), entry(files, "memory.stat", "inactive_file"));
    out.cpu_usec = entry(files, "cpu.stat", "usage_usec");
    out.oom_kills = entry(files, "memory.events", "oom_kill");
    return out;
  }
  out.memory = difference(number(files, "memory.usage_in_bytes"), entry(files, "memory.stat", "total_inactive_file"));
  if (const auto nanoseconds = number(files, "cpuacct.usage")) out.cpu_usec = *nanoseconds / 1000;
  out.oom_kills = entry(files, "memory.oom_control", "oom_kill");
  return out;
}

std::int64_t shares_of(std::int64_t reserve_milli_cpus) {
  if (reserve_milli_cpus == 0) return kDefaultShares;
  return std::clamp(reserve_milli_cpus * 1024 / 1000, kMinShares, kMaxShares);
}

bool is_weight_of_shares(std::int64_t weight, std::int64_t shares) {
  if (shares == kDefaultShares && weight == kDefaultWeight) return true;  // or nobody wrote anything
  const std::int64_t straight = 1 + (shares - kMinShares) * 9999 / (kMaxShares - kMinShares);
  const double power = std::log2(static_cast<double>(shares));
  const double curve = std::pow(10, (power * power + 125 * power) / 612 - 7.0 / 34);
  return weight == straight || std::abs(static_cast<double>(weight) - curve) <= 1;
}

}  // namespace gatehouse::services
