// What the engine says there is, in our terms. Filled by whoever speaks to Podman; the differences between its versions end
// there. A value that the engine does not tell, or tells wrongly, is left out: what is unknown never differs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::services {

// kCreated: also "initialized". kExited: also "stopped", whose process is gone as well.
enum class Status { kCreated, kRunning, kPaused, kStopping, kExited, kRemoving, kUnknown };
std::string_view to_string(Status status);  // "running"

// Limits as in force: read from the cgroup where possible (cgroup.h). 0: no limit; absent: cannot be enforced, or not told.
struct ObservedLimits {
  std::optional<std::int64_t> milli_cpus;
  std::optional<std::int64_t> memory;
  std::optional<std::int64_t> cpu_shares;  // a reservation of CPU, as cgroup v1 and the engine say it …
  std::optional<std::int64_t> cpu_weight;  // … or as cgroup v2 says it
  std::optional<std::int64_t> reserve_memory;
  std::optional<std::int64_t> pids;
};

struct Container {
  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;
  Status status = Status::kUnknown;
  std::int64_t pid = 0;
  runtime::WallTime started{};   // of the last run
  runtime::WallTime finished{};
  int exit_code = 0;             // of the last run, when kExited
  bool out_of_memory = false;    // the kernel killed something in it for want of memory
  bool stopped_by_hand = false;  // somebody asked Podman to stop it, and that was not us
  std::string error;             // of the last start
  std::map<std::string, std::string> networks;  // name → address, empty when not running
  std::string restart_policy = "no";            // Podman's own
  std::optional<ObservedLimits> limits;
  Fields fields;                 // those of Spec that the engine can confirm, read back
};

struct Network {
  std::string name;
  std::string subnet;
  bool ours = false;  // carries our project's label
};

using Images = std::map<std::string, std::string, std::less<>>;  // reference → digest

// One look at the engine.
struct Observation {
  std::vector<Container> containers;                            // that carry the project's label
  std::vector<Network> networks;                                // all
  std::set<std::string, std::less<>> volumes;                   // names, all
  std::set<std::string, std::less<>> secrets;                   // names, that carry the project's label
  Images images;                                                // of those that we need and are there
};

}  // namespace gatehouse::services
