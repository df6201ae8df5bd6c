// Desired against observed: every field that differs, and what is to be done about it. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/observed.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::services {

// kRepair: on the running container. kRecreate: only a new container has it. kReport: told, and left alone.
enum class Remedy { kReport, kRepair, kRecreate };
std::string_view to_string(Remedy remedy);  // "repair"

struct Difference {
  std::string path;      // "environment.MODE", "resources.memory", "status"
  std::string observed;  // empty: not there
  std::string desired;   // empty: shall not be there
  Remedy remedy = Remedy::kReport;
  bool operator==(const Difference&) const = default;
};

// In the order of their paths. `name`: what the container should be called.
std::vector<Difference> compare(const Spec& spec, const Container& container, std::string_view name);

// The part of it that is about limits. Memory is in whole pages, and a reservation of CPU is a weight, so that what the
// kernel says is near what was asked.
std::vector<Difference> compare_limits(const Resources& desired, const ObservedLimits& observed);

}  // namespace gatehouse::services
