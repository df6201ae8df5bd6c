#include <algorithm>
#include <map>

#include "gatehouse/services/checks.h"
#include "gatehouse/services/known.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

using yaml::quoted;

using ByName = std::map<std::string, const ServiceSettings*, std::less<>>;

std::string edge_path(const ServiceSettings& service, const Dependency& dependency) {
  return "services." + service.name + ".depends_on." + dependency.service;
}

void check_edge(const ByName& services, const ServiceSettings& service, const Dependency& dependency,
                std::vector<Problem>& problems) {
  const auto found = services.find(dependency.service);
  if (found == services.end()) {
    std::vector<std::string> names = known_services();
    for (const auto& [name, settings] : services) names.push_back(name);
    if (dependency.required)
      problems.push_back({edge_path(service, dependency), "unknown-service",
                          "no service is called " + quoted(dependency.service), yaml::suggest(dependency.service, names)});
    return;
  }
  const ServiceSettings& other = *found->second;
  if (dependency.condition == Condition::kHealthy && other.health.probe.kind == health::Kind::kNone)
    problems.push_back({edge_path(service, dependency), "no-health-check",
                        quoted(other.name) + " has no health check, so it is never healthy", {}});
  const bool ends = other.restart.policy == RestartPolicy::kNo || other.restart.policy == RestartPolicy::kOnFailure;
  if (dependency.condition == Condition::kCompleted && !ends)
    problems.push_back({edge_path(service, dependency), "never-completes",
                        quoted(other.name) + " is restarted whenever it ends, so it never completes", {}});
}

// Depth first; a cycle is told once, from its first name in the alphabet.
class Cycles {
 public:
  explicit Cycles(const ByName& services) : services_(services) {}

  void visit(const std::string& name, std::vector<Problem>& problems) {
    Mark& mark = marks_[name];
    if (mark == Mark::kDone) return;
    if (mark == Mark::kOpen) return tell(name, problems);
    mark = Mark::kOpen;
    path_.push_back(name);
    for (const Dependency& dependency : services_.at(name)->depends_on)
      if (services_.contains(dependency.service)) visit(dependency.service, problems);
    path_.pop_back();
    marks_[name] = Mark::kDone;
  }

 private:
  enum class Mark { kNew, kOpen, kDone };

  void tell(const std::string& name, std::vector<Problem>& problems) const {
    auto begin = std::find(path_.begin(), path_.end(), name);
    std::vector<std::string> cycle(begin, path_.end());
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    std::string text;
    for (const std::string& one : cycle) text += one + " -> ";
    const std::string& next = cycle[1 % cycle.size()];
    problems.push_back({"services." + cycle[0] + ".depends_on." + next, "dependency-cycle",
                        "these wait for each other for ever: " + text + cycle[0], {}});
  }

  const ByName& services_;
  std::map<std::string, Mark> marks_;
  std::vector<std::string> path_;
};

void check_ports(const std::vector<ServiceSettings>& services, std::vector<Problem>& problems) {
  std::map<std::uint16_t, std::string> owners;
  for (const ServiceSettings& service : services)
    for (const Port& port : service.ports)
      if (const auto [owner, is_new] = owners.emplace(port.host, service.name); port.host != 0 && !is_new)
        problems.push_back({"services." + service.name + ".ports", "duplicate-port",
                            "port " + std::to_string(port.host) + " is published by " + quoted(owner->second) + " already", {}});
}

}  // namespace

std::vector<Problem> check_together(const std::vector<ServiceSettings>& services) {
  std::vector<Problem> problems;
  ByName by_name;
  for (const ServiceSettings& service : services) by_name.emplace(service.name, &service);
  for (const ServiceSettings& service : services)
    for (const Dependency& dependency : service.depends_on) check_edge(by_name, service, dependency, problems);
  Cycles cycles(by_name);
  for (const auto& [name, service] : by_name) cycles.visit(name, problems);
  check_ports(services, problems);
  return problems;
}

}  // namespace gatehouse::services
