#include "gatehouse/services/compare.h"

#include <algorithm>
#include <array>

#include "fields.h"
#include "gatehouse/services/cgroup.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

constexpr std::int64_t kLargestPage = 64 * 1024;  // of the kernels we run on

bool is_resource(std::string_view path) { return path.starts_with(kResourcePrefix); }

Remedy remedy_of(Drift drift) { return drift == Drift::kRepair ? Remedy::kRepair : Remedy::kReport; }

// Both maps are sorted by path.
template <class Skip>
void compare_fields(const Fields& observed, const Fields& desired, Skip skip, std::vector<Difference>& out) {
  auto left = observed.begin();
  auto right = desired.begin();
  while (left != observed.end() || right != desired.end()) {
    const bool only_left = right == desired.end() || (left != observed.end() && left->first < right->first);
    const bool only_right = !only_left && (left == observed.end() || right->first < left->first);
    const std::string& path = only_right ? right->first : left->first;
    Difference difference{path, only_right ? "" : left->second, only_left ? "" : right->second, Remedy::kRecreate};
    if (!only_right) ++left;
    if (!only_left) ++right;
    if (difference.observed != difference.desired && !skip(difference.path)) out.push_back(std::move(difference));
  }
}

// What the container was made from, by its own labels.
void compare_labels(const Spec& spec, const Container& container, std::vector<Difference>& out) {
  const auto labels = read_labels(container.labels);
  const std::string old_hash = labels ? labels->hash : "";
  const bool same_scheme = hash_version(old_hash) == hash_version(spec.hash);
  if (!labels || !labels->fields || (!same_scheme && hash_version(old_hash).empty())) {
    out.push_back({"hash", old_hash, spec.hash, Remedy::kRecreate});
    return;
  }
  // Limits can be changed on a running container: what is in force counts, as far as it is known. An image that is not there
  // yet has no digest.
  const auto skip = [&](std::string_view path) {
    return (container.limits && is_resource(path)) || (spec.image_digest.empty() && path == "image_digest");
  };
  compare_fields(*labels->fields, spec.fields, skip, out);
  if (same_scheme && old_hash != spec.hash && hash_of(*labels->fields) != old_hash)
    out.push_back({"hash", old_hash, spec.hash, Remedy::kRecreate});
}

// What the engine confirms. Fields that it does not know it ignores in silence; another container would not be better, so
// this is told and left alone.
void compare_confirmed(const Spec& spec, const Container& container, std::vector<Difference>& out) {
  for (const auto& [path, value] : container.fields) {
    const auto told = [&](const Difference& difference) { return difference.path == path; };
    const auto found = spec.fields.find(path);
    const std::string desired = found == spec.fields.end() ? "" : found->second;
    if (value != desired && std::none_of(out.begin(), out.end(), told)) out.push_back({path, value, desired, Remedy::kReport});
  }
}

void compare_networks(const Spec& spec, const Container& container, std::vector<Difference>& out) {
  const Remedy remedy = remedy_of(spec.settings.drift.networks);
  if (!container.networks.contains(spec.network)) out.push_back({"networks." + spec.network, "", "connected", remedy});
  for (const auto& [name, address] : container.networks)
    if (name != spec.network) out.push_back({"networks." + name, "connected", "", remedy});
}

bool same_memory(std::int64_t desired, std::int64_t observed) {
  if (desired == 0 || observed == 0) return desired == observed;
  return observed <= desired && desired - observed < kLargestPage;
}

std::optional<std::string> wrong_reservation(std::int64_t shares, const ObservedLimits& observed) {
  if (observed.cpu_weight && !is_weight_of_shares(*observed.cpu_weight, shares))
    return "weight " + std::to_string(*observed.cpu_weight);
  if (!observed.cpu_weight && observed.cpu_shares && *observed.cpu_shares != shares)
    return std::to_string(*observed.cpu_shares) + " shares";
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Remedy remedy) {
  static constexpr std::array<std::string_view, 3> kNames = {"report", "repair", "recreate"};
  return kNames[static_cast<std::size_t>(remedy)];
}

std::string_view to_string(Status status) {
  static constexpr std::array<std::string_view, 7> kNames = {"created", "running", "paused", "stopping",
                                                             "exited",  "removing", "unknown"};
  return kNames[static_cast<std::size_t>(status)];
}

std::vector<Difference> compare_limits(const Resources& desired, const ObservedLimits& observed) {
  std::vector<Difference> out;
  const auto add = [&](std::string_view key, std::string from, std::string to) {
    out.push_back({std::string(kResourcePrefix) + std::string(key), std::move(from), std::move(to), Remedy::kRepair});
  };
  const auto cpus = [](std::int64_t value) { return value == 0 ? "" : cpus_text(value); };
  const auto size = [](std::int64_t value) { return value == 0 ? "" : yaml::size_text(value); };
  const auto count = [](std::int64_t value) { return value == 0 ? "" : std::to_string(value); };
  if (observed.milli_cpus && *observed.milli_cpus != desired.milli_cpus)
    add("cpus", cpus(*observed.milli_cpus), cpus(desired.milli_cpus));
  if (observed.memory && !same_memory(desired.memory, *observed.memory))
    add("memory", size(*observed.memory), size(desired.memory));
  if (observed.pids && *observed.pids != desired.pids) add("pids", count(*observed.pids), count(desired.pids));
  if (auto wrong = wrong_reservation(shares_of(desired.reserve_milli_cpus), observed))
    add("reserve_cpus", std::move(*wrong), cpus(desired.reserve_milli_cpus));
  if (observed.reserve_memory && !same_memory(desired.reserve_memory, *observed.reserve_memory))
    add("reserve_memory", size(*observed.reserve_memory), size(desired.reserve_memory));
  return out;
}

std::vector<Difference> compare(const Spec& spec, const Container& container, std::string_view name) {
  std::vector<Difference> out;
  compare_labels(spec, container, out);
  compare_confirmed(spec, container, out);
  compare_networks(spec, container, out);
  if (container.limits) {
    for (Difference& difference : compare_limits(spec.settings.resources, *container.limits)) {
      difference.remedy = remedy_of(spec.settings.drift.resources);
      out.push_back(std::move(difference));
    }
  }
  if (container.status == Status::kPaused) out.push_back({"status", "paused", "running", remedy_of(spec.settings.drift.paused)});
  if (container.name != name) out.push_back({"name", container.name, std::string(name), Remedy::kReport});
  if (container.restart_policy != "no") out.push_back({"restart_policy", container.restart_policy, "no", Remedy::kReport});
  std::sort(out.begin(), out.end(), [](const Difference& a, const Difference& b) { return a.path < b.path; });
  return out;
}

}  // namespace gatehouse::services
