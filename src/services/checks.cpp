#include "gatehouse/services/checks.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "gatehouse/services/known.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

constexpr std::size_t kMaxName = 48;  // leaves room for project, generation and number in a container's name

bool is_volume_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !text.empty() && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; });
}

std::string normal(const std::string& path) {
  std::string out = std::filesystem::path(path).lexically_normal().string();
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

// A mount of these gives the container the host, or us: whoever writes to Podman's socket is root.
bool is_forbidden(const std::string& source, const std::string& state_directory) {
  constexpr std::array<std::string_view, 3> kWhole = {"/proc", "/sys", "/dev"};
  constexpr std::array<std::string_view, 10> kExact = {"/",       "/etc", "/run", "/var",     "/var/run",
                                                       "/run/podman", "/boot", "/root", "/usr", "/var/lib"};
  const std::string path = normal(source);
  if (path.ends_with("/podman.sock") || path.ends_with("/docker.sock")) return true;
  if (std::any_of(kWhole.begin(), kWhole.end(), [&](std::string_view one) { return is_below(path, one); })) return true;
  if (std::find(kExact.begin(), kExact.end(), path) != kExact.end()) return true;
  const std::string state = normal(state_directory);
  return !state_directory.empty() && (is_below(path, state) || is_below(state, path));
}

class Checker {
 public:
  Checker(const ServiceSettings& service, std::vector<Problem>& problems) : service_(service), problems_(problems) {}

  void refuse(std::string_view key, std::string_view slug, std::string message) {
    problems_.push_back({"services." + service_.name + "." + std::string(key), std::string(slug), std::move(message), {}});
  }

  void target(std::string_view key, const std::string& target) {
    if (!target.starts_with('/') || normal(target) == "/")
      return refuse(key, "bad-target", yaml::quoted(target) + " is no absolute path below the root of the container");
    if (!targets_.insert(normal(target)).second)
      refuse(key, "duplicate-target", "something else is mounted at " + yaml::quoted(target) + " already");
  }

  void mounts(const std::string& state_directory) {
    for (const Volume& volume : service_.volumes) {
      target("volumes", volume.target);
      const bool host = volume.source.starts_with('/');
      if (host && is_forbidden(volume.source, state_directory))
        refuse("volumes", "forbidden-mount", yaml::quoted(volume.source) + " would give the container power over this host");
      if (!host && !is_volume_name(volume.source))
        refuse("volumes", "bad-name", yaml::quoted(volume.source) + " is neither a name of a volume nor an absolute path");
    }
    for (const Tmpfs& tmpfs : service_.tmpfs) target("tmpfs", tmpfs.target);
    for (const File& file : service_.files) {
      target("files", file.target);
      if (!file.generated && is_forbidden(file.source, state_directory))
        refuse("files", "forbidden-mount", yaml::quoted(file.source) + " would give the container power over this host");
    }
  }

  void secrets() {
    for (const SecretFile& secret : service_.secrets) {
      target("secrets", secret.target.empty() ? "/run/secrets/" + secret.name : secret.target);
      if (!is_volume_name(secret.name)) refuse("secrets", "bad-name", yaml::quoted(secret.name) + " is no name of a secret");
      if ((secret.mode & 07) != 0)
        refuse("secrets", "readable-secret", yaml::quoted(secret.name) + " would be open to every user in the container");
    }
  }

  void ports() {
    for (const Port& port : service_.ports) {
      const bool loopback = port.address.starts_with("127.") || port.address == "::1";
      if (!loopback && (service_.name == "postgres" || service_.name == "redis"))
        refuse("ports", "public-database", yaml::quoted(port.address) + " is not loopback: a database is for this host only");
    }
  }

  void limits() {
    const Resources& r = service_.resources;
    if (r.memory != 0 && r.reserve_memory > r.memory)
      refuse("resources.reserve_memory", "bad-limit", "reserves more than resources.memory allows");
    if (r.milli_cpus != 0 && r.reserve_milli_cpus > r.milli_cpus)
      refuse("resources.reserve_cpus", "bad-limit", "reserves more than resources.cpus allows");
  }

  void health() {
    using health::Kind;
    const health::ProbeSettings& probe = service_.health.probe;
    const bool port = probe.kind == Kind::kHttp || probe.kind == Kind::kTcp || probe.kind == Kind::kRedis ||
                      probe.kind == Kind::kPostgres || probe.kind == Kind::kMcp;
    if (port && probe.port == 0) refuse("health.port", "bad-health", "the probe needs a port");
    if (probe.kind == Kind::kExec && probe.command.empty())
      refuse("health.command", "bad-health", "the probe needs a command");
    if (probe.kind == Kind::kUnix && !probe.path.starts_with('/'))
      refuse("health.path", "bad-health", "the probe needs the path of a socket");
    const auto& secrets = service_.secrets;
    if (!probe.password.empty() &&
        std::none_of(secrets.begin(), secrets.end(), [&](const SecretFile& secret) { return secret.name == probe.password; }))
      refuse("health.password", "bad-health", "the service has no secret " + yaml::quoted(probe.password));
  }

 private:
  const ServiceSettings& service_;
  std::vector<Problem>& problems_;
  std::set<std::string> targets_;
};

}  // namespace

bool is_service_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; };
  return !text.empty() && text.size() <= kMaxName && text[0] >= 'a' && text[0] <= 'z' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::vector<Problem> check_service(const ServiceSettings& service, const std::string& state_directory) {
  std::vector<Problem> problems;
  Checker checker(service, problems);
  if (!is_service_name(service.name))
    problems.push_back(
        {"services." + service.name,
         "bad-name",
         yaml::quoted(service.name) + " is not a name: lower-case letters, digits, '-' and '_', at most 48, a letter first",
         {}});
  if (service.image.empty()) checker.refuse("image", "image-missing", "a container needs an image");
  checker.mounts(state_directory);
  checker.secrets();
  checker.ports();
  checker.limits();
  checker.health();
  return problems;
}

std::vector<std::string> loosened(const ServiceSettings& service) {
  std::vector<std::string> out;
  for (const std::string& capability : service.cap_add) out.push_back("keeps the capability " + capability);
  if (!service.read_only) out.push_back("can write to its root file system");
  if (!service.no_new_privileges) out.push_back("may gain privileges (no_new_privileges is off)");
  if (service.user.empty()) out.push_back("runs as the user of its image, which may be root");
  const std::string uid = service.user.substr(0, service.user.find(':'));
  if (uid == "0" || uid == "root") out.push_back("runs as root");
  if (service.resources.pids == 0) out.push_back("has no limit on processes");
  if (service.resources.memory == 0) out.push_back("has no limit on memory");
  for (const Port& port : service.ports)
    if (!port.address.starts_with("127.") && port.address != "::1")
      out.push_back("publishes port " + std::to_string(port.host) + " on " + port.address);
  for (const Volume& volume : service.volumes)
    if (volume.source.starts_with('/')) out.push_back("mounts " + volume.source + " of the host");
  return out;
}

}  // namespace gatehouse::services
