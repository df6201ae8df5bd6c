#include "gatehouse/services/graph.h"

#include <algorithm>

#include "gatehouse/base/check.h"

namespace gatehouse::services {

namespace {

const std::vector<Edge> kNone;

}  // namespace

Graph::Graph(const std::vector<ServiceSettings>& services) {
  std::map<std::string, std::size_t, std::less<>> missing;  // dependencies that are in no wave yet
  for (const ServiceSettings& service : services) missing[service.name] = 0;
  for (const ServiceSettings& service : services) {
    for (const Dependency& dependency : service.depends_on) {
      if (!missing.contains(dependency.service)) continue;
      const Edge edge{service.name, dependency.service, dependency};
      from_[edge.from].push_back(edge);
      to_[edge.to].push_back(edge);
      ++missing[edge.from];
    }
  }
  while (!missing.empty()) {
    std::vector<std::string> wave;
    for (const auto& [name, count] : missing)
      if (count == 0) wave.push_back(name);
    GATEHOUSE_CHECK(!wave.empty());
    for (const std::string& name : wave) {
      missing.erase(name);
      for (const Edge& edge : dependants(name)) --missing[edge.from];
    }
    waves_.push_back(std::move(wave));
  }
}

const std::vector<Edge>& Graph::dependencies(std::string_view service) const {
  const auto found = from_.find(service);
  return found == from_.end() ? kNone : found->second;
}

const std::vector<Edge>& Graph::dependants(std::string_view service) const {
  const auto found = to_.find(service);
  return found == to_.end() ? kNone : found->second;
}

}  // namespace gatehouse::services
