#include "translate.h"

#include <signal.h>

#include <charconv>
#include <cstring>

#include "gatehouse/services/cgroup.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::engine {

namespace {

using services::Status;

Status status_of(std::string_view text) {
  static constexpr std::pair<std::string_view, Status> kNames[] = {
      {"configured", Status::kCreated}, {"created", Status::kCreated},   {"initialized", Status::kCreated},
      {"running", Status::kRunning},    {"paused", Status::kPaused},     {"stopping", Status::kStopping},
      {"stopped", Status::kExited},     {"exited", Status::kExited},     {"removing", Status::kRemoving}};
  for (const auto& [name, status] : kNames)
    if (name == text) return status;
  return Status::kUnknown;
}

// What Podman confirms of a spec, in the words of a spec; only what is said there, so that the image's own defaults do not count.
services::Fields confirmed(const podman::Details& details) {
  const services::ServiceSettings usual;
  services::Fields out;
  const auto labels = services::read_labels(details.labels);
  if (!labels || !labels->fields) return out;
  const auto flag = [&](const char* path, bool value, bool normal) { out[path] = value == normal ? "" : value ? "true" : "false"; };
  flag("read_only", details.read_only, usual.read_only);
  flag("no_new_privileges", details.no_new_privileges, usual.no_new_privileges);
  if (labels->fields->contains("user")) out["user"] = details.user;
  if (details.shm_size != 0) out["shm_size"] = details.shm_size == usual.shm_size ? "" : yaml::size_text(details.shm_size);
  return out;
}

}  // namespace

services::Container container_of(const podman::Details& details) {
  services::Container out;
  out.id = details.id;
  out.name = details.name;
  out.labels = details.labels;
  out.status = status_of(details.status);
  out.pid = details.pid;
  out.started = details.started;
  out.finished = details.finished;
  out.exit_code = details.exit_code;
  out.out_of_memory = details.out_of_memory;
  out.stopped_by_hand = details.stopped_by_user;
  out.error = details.error;
  out.networks = details.networks;
  out.restart_policy = details.restart_policy.empty() ? "no" : details.restart_policy;
  out.fields = confirmed(details);
  return out;
}

podman::Limits limits_of(const services::Resources& resources) {
  return {.milli_cpus = resources.milli_cpus,
          .memory = resources.memory,
          .reserve_memory = resources.reserve_memory == 0 ? std::nullopt : std::optional(resources.reserve_memory),
          .cpu_shares = services::shares_of(resources.reserve_milli_cpus),
          .pids = resources.pids};
}

podman::Creation creation_of(const supervisor::Create& what, const std::string& project, const std::string& generated) {
  const services::ServiceSettings& s = what.spec->settings;
  podman::Creation out;
  out.name = what.name;
  out.image = s.image;
  out.labels = what.labels;
  out.entrypoint = s.entrypoint;
  out.command = s.command;
  out.environment = s.environment;
  out.user = s.user;
  out.work_dir = s.work_dir;
  out.network = what.spec->network;
  out.aliases = s.aliases;
  out.aliases.insert(out.aliases.begin(), s.name);
  for (const services::Volume& volume : s.volumes) out.mounts.push_back({volume.source, volume.target, volume.read_only});
  for (const services::File& file : s.files)
    out.mounts.push_back({file.generated ? generated + "/" + file.source : file.source, file.target, true});
  for (const services::Tmpfs& tmpfs : s.tmpfs) out.tmpfs.push_back({tmpfs.target, tmpfs.size});
  for (const services::SecretFile& secret : s.secrets)
    out.secrets.push_back({services::secret_name(project, secret.name, what.spec->facts.secret_versions.at(secret.name)),
                           secret.target.empty() ? secret.name : secret.target, secret.uid, secret.gid, secret.mode});
  for (const services::Port& port : s.ports) out.ports.push_back({port.address, port.host, port.container});
  out.cap_add = s.cap_add;
  if (s.health.probe.kind == health::Kind::kExec) out.health_command = s.health.probe.command;
  out.limits = limits_of(s.resources);
  out.read_only = s.read_only;
  out.no_new_privileges = s.no_new_privileges;
  out.init = s.init;
  out.shm_size = s.shm_size;
  out.open_files = s.nofile;
  out.stop_signal = signal_number(s.stop_signal);
  out.stop_timeout = std::chrono::ceil<std::chrono::seconds>(s.stop_timeout);
  return out;
}

int signal_number(std::string_view name) {
  int number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) return number > 0 && number < NSIG ? number : 0;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return 0;
}

namespace {

// As Redis and many others read it: backslashes before quotes and backslashes, \xHH for control characters.
std::string quoted(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) (out += "\\x").append({kHex[byte >> 4], kHex[byte & 15]});
    else if (c == '"' || c == '\\') out.append({'\\', c});
    else out += c;
  }
  return out + "\"";
}

}  // namespace

Secret formatted(const std::string& format, const Secret& value) {
  constexpr std::string_view kQuoted = "{quoted}", kPlain = "{}";
  const std::size_t in_quotes = format.find(kQuoted);
  const std::size_t at = in_quotes != format.npos ? in_quotes : format.find(kPlain);
  if (at == format.npos) return value;
  const std::size_t rest = at + (in_quotes != format.npos ? kQuoted : kPlain).size();
  return Secret(format.substr(0, at) + (in_quotes != format.npos ? quoted(value.reveal()) : std::string(value.reveal())) + format.substr(rest));
}

supervisor::Answer failure(const Error& error) {
  using Kind = supervisor::Answer::Kind;
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {{"podman-not-found", Kind::kNotFound},
                                                                 {"podman-conflict", Kind::kConflict},
                                                                 {"podman-timeout", Kind::kTimeout},
                                                                 {"podman-lost", Kind::kLost},
                                                                 {"podman-bad-answer", Kind::kLost},
                                                                 {"podman-unreachable", Kind::kLost}};
  for (const auto& [slug, kind] : kKinds)
    if (slug == error.slug) return {.kind = kind, .message = error.message};
  return {.kind = Kind::kRefused, .message = error.message};
}

supervisor::Answer answer_of(const gatehouse::Status& status) { return status ? supervisor::Answer{} : failure(status.error()); }

}  // namespace gatehouse::engine
