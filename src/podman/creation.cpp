#include "creation.h"

#include "json.h"

namespace gatehouse::podman {

namespace {

constexpr std::int64_t kPeriod = 100'000;  // microseconds, of a CPU quota
constexpr std::int64_t kLogBytes = 16 * 1024 * 1024;

// Swap that is not named is as much as memory. An update leaves what it does not name as it was, so there everything is named.
Json limits_object(const Limits& limits, bool update) {
  Json memory = Json::object(), cpu = Json::object();
  if (update || limits.memory != 0) memory["limit"] = memory["swap"] = limits.memory == 0 ? -1 : limits.memory;
  if (limits.reserve_memory) memory["reservation"] = *limits.reserve_memory;
  if (update || limits.milli_cpus != 0) cpu["quota"] = limits.milli_cpus == 0 ? -1 : limits.milli_cpus * kPeriod / 1000;
  if (cpu.contains("quota")) cpu["period"] = kPeriod;
  if (limits.cpu_shares != 0) cpu["shares"] = limits.cpu_shares;
  return {{"memory", std::move(memory)}, {"cpu", std::move(cpu)}, {"pids", {{"limit", limits.pids == 0 ? -1 : limits.pids}}}};
}

Json mounts_of(const Creation& creation) {
  Json out = Json::array();
  for (const Mount& mount : creation.mounts) {
    if (!mount.source.starts_with('/')) continue;
    out.push_back({{"destination", mount.target},
                   {"type", "bind"},
                   {"source", mount.source},
                   {"options", {"rbind", mount.read_only ? "ro" : "rw", "nosuid", "nodev"}}});
  }
  for (const TmpfsMount& mount : creation.tmpfs)
    out.push_back({{"destination", mount.target},
                   {"type", "tmpfs"},
                   {"options", {"size=" + std::to_string(mount.size), "mode=1777", "nosuid", "nodev"}}});
  return out;
}

Json volumes_of(const Creation& creation) {
  Json out = Json::array();
  for (const Mount& mount : creation.mounts)
    if (!mount.source.starts_with('/'))
      out.push_back({{"Name", mount.source}, {"Dest", mount.target}, {"Options", {mount.read_only ? "ro" : "rw", "nosuid", "nodev"}}});
  return out;
}

Json secrets_of(const Creation& creation) {
  Json out = Json::array();
  for (const SecretMount& secret : creation.secrets)
    out.push_back({{"Source", secret.name}, {"Target", secret.target}, {"UID", secret.uid}, {"GID", secret.gid}, {"Mode", secret.mode}});
  return out;
}

Json ports_of(const Creation& creation) {
  Json out = Json::array();
  for (const PortMapping& port : creation.ports)
    out.push_back({{"host_ip", port.host_address}, {"host_port", port.host_port}, {"container_port", port.container_port}, {"protocol", "tcp"}});
  return out;
}

// Without an interval Podman makes no timer; without a command it would take that of the image.
Json health_of(const Creation& creation) {
  if (creation.health_command.empty()) return {{"Test", {"NONE"}}};
  Json test = {"CMD"};
  for (const std::string& word : creation.health_command) test.push_back(word);
  return {{"Test", std::move(test)}, {"Interval", 0}, {"Timeout", 30'000'000'000}, {"Retries", 1}};
}

// The dump of a string that is no UTF-8 would throw: such bytes are replaced.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string limits_json(const Limits& limits) { return dump(limits_object(limits, true)); }

std::string execution_json(const Execution& what) {
  Json environment = Json::array();
  for (const auto& [name, value] : what.environment) environment.push_back(name + "=" + value);
  Json out = {{"AttachStdin", true}, {"AttachStdout", true}, {"AttachStderr", true}, {"Tty", false}, {"Cmd", what.argv}, {"Env", std::move(environment)}};
  if (!what.user.empty()) out["User"] = what.user;
  return dump(out);
}

std::string network_json(const std::string& name, const std::string& subnet, const Labels& labels) {
  Json out = {{"name", name}, {"driver", "bridge"}, {"dns_enabled", true}, {"labels", labels}};
  if (!subnet.empty()) out["subnets"] = {{{"subnet", subnet}}};
  return dump(out);
}

std::string creation_json(const Creation& creation) {
  Json out = {{"name", creation.name},
              {"image", creation.image},
              {"labels", creation.labels},
              {"env", creation.environment},
              {"netns", {{"nsmode", creation.network.empty() ? "none" : "bridge"}}},
              {"resource_limits", limits_object(creation.limits, false)},
              {"healthconfig", health_of(creation)},
              {"cap_drop", {"ALL"}},
              {"cap_add", creation.cap_add},
              {"no_new_privileges", creation.no_new_privileges},
              {"read_only_filesystem", creation.read_only},
              {"init", creation.init},
              {"mounts", mounts_of(creation)},
              {"volumes", volumes_of(creation)},
              {"secrets", secrets_of(creation)},
              {"portmappings", ports_of(creation)},
              {"restart_policy", "no"},
              {"sdnotifyMode", "ignore"},
              {"log_configuration", {{"driver", "k8s-file"}, {"size", kLogBytes}}},
              {"stop_timeout", creation.stop_timeout.count()}};
  if (!creation.network.empty()) out["networks"] = {{creation.network, {{"aliases", creation.aliases}}}};
  if (!creation.entrypoint.empty()) out["entrypoint"] = creation.entrypoint;
  if (!creation.command.empty()) out["command"] = creation.command;
  if (!creation.user.empty()) out["user"] = creation.user;
  if (!creation.work_dir.empty()) out["work_dir"] = creation.work_dir;
  if (creation.shm_size != 0) out["shm_size"] = creation.shm_size;
  if (creation.stop_signal != 0) out["stop_signal"] = creation.stop_signal;
  if (creation.open_files != 0)
    out["r_limits"] = {{{"type", "nofile"}, {"hard", creation.open_files}, {"soft", creation.open_files}}};
  return dump(out);
}

}  // namespace gatehouse::podman
