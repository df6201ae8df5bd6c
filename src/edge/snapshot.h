// Snapshot: everything that requests need from the configuration, built once, immutable, shared by all loops. A request
// keeps the snapshot with which it began.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/edge/server.h"
#include "metrics.h"
#include "router.h"

namespace gatehouse::edge {

struct Snapshot {
  Settings settings;
  std::vector<Route> routes;
  std::vector<RouteMetrics> route_metrics;  // by Route::metrics
  Router router;
  std::vector<std::shared_ptr<upstream::Group>> groups;
  std::vector<std::vector<ServerMetrics>> server_metrics;  // by group and server

  bool trusts(std::string_view address) const;
};

// Groups of `previous` whose settings are the same are taken over, with their connections.
Result<std::shared_ptr<const Snapshot>> build_snapshot(const Settings& settings,
                                                       const std::vector<upstream::GroupSettings>& groups, const Ports& ports,
                                                       const Snapshot* previous);

}  // namespace gatehouse::edge
