// Supervised containers as configured, `podman:` and `services:`; filled by the loader over the defaults of known.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/health/settings.h"

namespace gatehouse::services {

// kMissing: pulled when the image is not there. kNewer: the registry is asked at start, and a new image is put to use.
enum class Pull { kMissing, kNewer, kNever };

enum class Condition { kStarted, kHealthy, kCompleted };
std::string_view to_string(Condition condition);  // "started"

// What the loss of a dependency (it crashed, or was replaced) means to who depends on it: nothing; a restart when the
// dependency is there again; no traffic meanwhile.
enum class OnLoss { kIgnore, kRestart, kHold };

struct Dependency {
  std::string service{};
  Condition condition = Condition::kStarted;
  bool required = true;  // false: no such service, or a failed one, is no obstacle
  OnLoss on_loss = OnLoss::kIgnore;
  std::chrono::milliseconds timeout{300'000};  // waiting longer is reported; it does not stop
};

// 0: none.
struct Resources {
  std::int64_t milli_cpus = 0;
  std::int64_t memory = 0;  // bytes; swap is never given on top of it
  std::int64_t reserve_milli_cpus = 0;
  std::int64_t reserve_memory = 0;
  std::int64_t pids = 512;
  bool operator==(const Resources&) const = default;
};

enum class RestartPolicy { kAlways, kOnFailure, kNo, kUnlessStopped };
std::string_view to_string(RestartPolicy policy);  // "on_failure"

struct RestartSettings {
  RestartPolicy policy = RestartPolicy::kAlways;
  std::chrono::milliseconds first{100};      // the first restart is immediate, the second waits this long, then twice …
  std::chrono::milliseconds max{60'000};     // … as long each time, up to this
  double jitter = 0.2;                       // each wait is longer or shorter by up to this part
  std::chrono::milliseconds stable{10'000};  // a run this long begins anew
  int attempts = 0;                          // kOnFailure: gives up after so many failures in a row; 0: never
  int loop_exits = 5;                        // so many exits within loop_window are a crash loop
  std::chrono::milliseconds loop_window{120'000};
};

// What is put right when somebody else changed the container.
enum class Drift { kRepair, kReport };
struct DriftSettings {
  Drift resources = Drift::kRepair;
  Drift networks = Drift::kRepair;
  Drift paused = Drift::kRepair;
  bool operator==(const DriftSettings&) const = default;
};

struct Volume {
  std::string source{};  // a name, or an absolute path of the host
  std::string target{};
  bool read_only = false;
};

struct Tmpfs {
  std::string target{};
  std::int64_t size = 16 * 1024 * 1024;
};

// A file or directory of the host, mounted read-only. Its content is part of the service: another content, another container.
struct File {
  std::string source{};  // a path; `generated`: relative to the directory of what the daemon generates
  std::string target{};
  bool generated = false;
};

// A secret is a file in the container, /run/secrets/NAME when no target is given, and never a variable.
struct SecretFile {
  std::string name{};
  std::string reference{};  // where the value comes from: "env:POSTGRES_PASSWORD", "file:/path"
  std::string target{};
  std::string format{};     // "password={}": the content, with {} for the value, {quoted} for it in double quotes; empty: the value
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0400;
};

struct Port {
  std::string address = "127.0.0.1";
  std::uint16_t host = 0;
  std::uint16_t container = 0;
};

// What is kept of a service in backups. Empty texts: what its environment says (POSTGRES_USER, POSTGRES_DB).
enum class BackupKind { kNone, kPostgres };
struct BackupSettings {
  BackupKind kind = BackupKind::kNone;
  std::string database;
  std::string user;
};

struct ServiceSettings {
  std::string name;
  std::string image;  // a reference with a tag or a digest
  Pull pull = Pull::kMissing;
  std::vector<std::string> profiles;  // active in these; empty: always
  std::vector<std::string> entrypoint;  // empty: the image's
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string user;  // empty: the image's
  std::string work_dir;
  std::vector<Dependency> depends_on;
  health::Settings health;
  Resources resources;
  RestartSettings restart;
  DriftSettings drift;
  BackupSettings backup;
  std::vector<Volume> volumes;
  std::vector<Tmpfs> tmpfs;
  std::vector<File> files;
  std::vector<SecretFile> secrets;
  std::vector<Port> ports;
  std::vector<std::string> aliases;   // more names in the network; the service's own always exists
  std::vector<std::string> cap_add;   // everything else is dropped
  bool read_only = true;              // the root file system
  bool no_new_privileges = true;
  bool init = false;                  // a small process 1 that reaps
  std::int64_t shm_size = 64 * 1024 * 1024;
  std::int64_t nofile = 0;            // open files; 0: what Podman gives
  std::string stop_signal;            // "SIGINT"; empty: the image's
  std::chrono::milliseconds stop_timeout{10'000};  // then it is killed
};

struct PodmanSettings {
  std::string socket = "unix:///run/podman/podman.sock";
  std::string network = "mcp_platform_network";
  std::string subnet;            // empty: Podman takes a free one
  std::string project = "mcp";   // in the names and labels of everything that is made
};

struct Settings {
  PodmanSettings podman;
  std::vector<ServiceSettings> services;
};

}  // namespace gatehouse::services
