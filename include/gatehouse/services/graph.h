// Graph: who depends on whom. Made from services that check_together() found no fault with; immutable; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/settings.h"

namespace gatehouse::services {

struct Edge {
  std::string from;  // depends on
  std::string to;
  Dependency dependency;
};

class Graph {
 public:
  explicit Graph(const std::vector<ServiceSettings>& services);

  // Dependencies before who needs them; services of one wave need nothing of each other. Stopping is the reverse.
  const std::vector<std::vector<std::string>>& waves() const noexcept { return waves_; }
  const std::vector<Edge>& dependencies(std::string_view service) const;  // edges from it, to services that exist
  const std::vector<Edge>& dependants(std::string_view service) const;    // edges to it

 private:
  using Edges = std::map<std::string, std::vector<Edge>, std::less<>>;

  Edges from_;
  Edges to_;
  std::vector<std::vector<std::string>> waves_;
};

}  // namespace gatehouse::services
