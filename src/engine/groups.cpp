#include "groups.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <span>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::engine {

namespace {

constexpr std::size_t kMaxFile = 64 * 1024;

std::optional<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return std::nullopt;
  std::string out;
  std::array<char, 4096> buffer;
  while (out.size() < kMaxFile) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return out;
    out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return std::nullopt;
}

// The group of the container itself: its processes may be in one below it.
std::optional<std::string> group_path(std::string_view path, std::string_view container) {
  const std::size_t at = path.find(container);
  if (at == path.npos || container.empty()) return std::nullopt;
  return std::string(path.substr(0, path.find('/', at)));
}

struct Wanted {
  std::string_view controller;
  std::string_view file;
};
constexpr Wanted kLimitFiles[] = {{"memory", "memory.max"},
                                  {"memory", "memory.low"},
                                  {"cpu", "cpu.max"},
                                  {"cpu", "cpu.weight"},
                                  {"pids", "pids.max"},
                                  {"memory", "memory.limit_in_bytes"},
                                  {"memory", "memory.soft_limit_in_bytes"},
                                  {"cpu", "cpu.cfs_quota_us"},
                                  {"cpu", "cpu.cfs_period_us"},
                                  {"cpu", "cpu.shares"}};
constexpr Wanted kUsageFiles[] = {{"memory", "memory.current"},  {"memory", "memory.stat"},          {"cpu", "cpu.stat"},
                                  {"pids", "pids.current"},      {"memory", "memory.events"},        {"memory", "memory.usage_in_bytes"},
                                  {"cpuacct", "cpuacct.usage"}, {"memory", "memory.oom_control"}};

services::CgroupFiles read_files(const Groups& groups, std::span<const Wanted> wanted) {
  services::CgroupFiles files;
  for (const auto& [controller, directory] : groups.directories)
    for (const Wanted& one : wanted)
      if (controller.empty() || controller == one.controller)
        if (auto text = read_file(directory + "/" + std::string(one.file))) files.emplace(one.file, std::move(*text));
  return files;
}

}  // namespace

std::optional<Groups> groups_of(std::string_view text, std::string_view container, const std::string& root, bool unified) {
  Groups out;
  out.version = unified ? services::CgroupVersion::kV2 : services::CgroupVersion::kV1;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == line.npos ? first : first + 1);
    if (second == line.npos) continue;
    std::string_view controllers = line.substr(first + 1, second - first - 1);
    const auto path = group_path(line.substr(second + 1), container);
    if (!path || controllers.empty() != unified) continue;
    if (unified) out.directories.emplace_back("", root + *path);
    const std::string mount = root + "/" + std::string(controllers);  // "cpu,cpuacct" is a directory, and its parts are links
    while (!controllers.empty()) {
      const std::string_view one = controllers.substr(0, controllers.find(','));
      controllers.remove_prefix(std::min(one.size() + 1, controllers.size()));
      if (one.empty()) continue;
      out.directories.emplace_back(one, mount + *path);
    }
  }
  return out.directories.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<Groups> find_groups(const std::string& proc, const std::string& root, std::int64_t pid, std::string_view container) {
  if (pid <= 0) return std::nullopt;
  const auto text = read_file(proc + "/" + std::to_string(pid) + "/cgroup");
  if (!text) return std::nullopt;
  return groups_of(*text, container, root, ::access((root + "/cgroup.controllers").c_str(), F_OK) == 0);
}

services::ObservedLimits limits_in(const Groups& groups) { return services::read_limits(read_files(groups, kLimitFiles), groups.version); }
std::optional<Consumption> consumption_of(const Process& process, const std::string& proc, const std::string& cgroup) {
  const auto groups = find_groups(proc, cgroup, process.pid, process.container);
  if (!groups) return std::nullopt;
  return Consumption{usage_in(*groups), limits_in(*groups)};
}

services::Usage usage_in(const Groups& groups) { return services::read_usage(read_files(groups, kUsageFiles), groups.version); }

}  // namespace gatehouse::engine
