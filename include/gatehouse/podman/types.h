// What Podman is told and what it tells, as values; the differences between its versions 4.3 to 5.x end here. A value that the
// engine does not tell, or tells wrongly, is left out. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::podman {

using Labels = std::map<std::string, std::string>;

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;
};

// Of a list: enough to know whom to inspect.
struct Listed {
  std::string id;
  Labels labels;
};

struct Details {
  std::string id;
  std::string name;
  Labels labels;
  std::string status;                            // "created", "running", "exited", …, as Podman says it
  std::int64_t pid = 0;                          // 0: does not run
  std::int64_t monitor_pid = 0;                  // of conmon
  runtime::WallTime started{};
  runtime::WallTime finished{};
  int exit_code = 0;
  bool out_of_memory = false;                    // 4.x never says so
  bool stopped_by_user = false;                  // 4.x does not say
  std::string error{};                           // of the last start
  std::map<std::string, std::string> networks{};  // name → address
  std::string restart_policy{};
  std::string user{};
  bool read_only = false;
  bool no_new_privileges = false;
  bool init = false;
  std::int64_t shm_size = 0;                     // 0: not told
};

struct NetworkInfo {
  std::string name;
  std::string subnet;                            // of the first one; empty: none
  Labels labels;
};


// ---- what is made. Values of 0 and empty texts are left to the engine.

struct Limits {
  std::int64_t milli_cpus = 0;                   // 0: none
  std::int64_t memory = 0;                       // bytes; swap is never given on top of it. 0: none
  std::optional<std::int64_t> reserve_memory{};  // absent: as it is
  std::int64_t cpu_shares = 0;                   // 0: as it is
  std::int64_t pids = 0;                         // 0: none
};

struct Mount {
  std::string source;                            // a name of a volume, or an absolute path of the host
  std::string target;
  bool read_only = false;
};
struct TmpfsMount {
  std::string target;
  std::int64_t size = 0;
};
struct SecretMount {
  std::string name;
  std::string target;                            // empty: /run/secrets/NAME
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0400;
};
struct PortMapping {
  std::string host_address;
  std::uint16_t host_port = 0;
  std::uint16_t container_port = 0;
};

struct Creation {
  std::string name{};
  std::string image{};
  Labels labels{};
  std::vector<std::string> entrypoint{};
  std::vector<std::string> command{};
  std::map<std::string, std::string> environment{};
  std::string user{};
  std::string work_dir{};
  std::string network{};                           // empty: none, not even the way out
  std::vector<std::string> aliases{};
  std::vector<Mount> mounts{};
  std::vector<TmpfsMount> tmpfs{};
  std::vector<SecretMount> secrets{};
  std::vector<PortMapping> ports{};
  std::vector<std::string> cap_add{};              // all others are dropped
  std::vector<std::string> health_command{};       // run only when somebody asks; empty: none
  Limits limits{};
  bool read_only = true;
  bool no_new_privileges = true;
  bool init = false;
  std::int64_t shm_size = 0;
  std::int64_t open_files = 0;
  int stop_signal = 0;
  std::chrono::seconds stop_timeout{10};
};

// ---- streams

struct Event {
  std::string type;                              // "container"
  std::string action;                            // "died"
  std::string id;
  Labels attributes;                             // with the labels of the container
  std::int64_t time_ns = 0;
};

// A line of a running pull.
struct PullProgress {
  std::string text;                              // "Copying blob sha256:…"
  std::string image;                             // id, of the last line
  std::string error;
};

struct HealthRun {
  bool passed = false;
  std::string detail;
};

// A program in a running container.
struct Execution {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment{};
  std::string user{};                            // empty: the container's
};

struct LogLine {
  bool error_stream = false;
  std::string text;                              // without the line end
};

}  // namespace gatehouse::podman
