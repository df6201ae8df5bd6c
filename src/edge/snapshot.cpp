#include "snapshot.h"

#include <algorithm>

namespace gatehouse::edge {

namespace {

bool same(const upstream::GroupSettings& a, const upstream::GroupSettings& b) {
  const auto same_server = [](const upstream::ServerSettings& x, const upstream::ServerSettings& y) {
    return x.address == y.address && x.weight == y.weight && x.backup == y.backup;
  };
  return a.name == b.name && std::equal(a.servers.begin(), a.servers.end(), b.servers.begin(), b.servers.end(), same_server) &&
         a.balance == b.balance && a.connect_timeout == b.connect_timeout && a.idle_timeout == b.idle_timeout &&
         a.max_idle == b.max_idle && a.max_connections == b.max_connections && a.max_lifetime == b.max_lifetime;
}

std::shared_ptr<upstream::Group> group_for(const upstream::GroupSettings& settings, const Snapshot* previous) {
  if (previous != nullptr) {
    for (const auto& group : previous->groups)
      if (same(group->settings(), settings)) return group;
  }
  return std::make_shared<upstream::Group>(settings);
}

std::string route_name(const RouteSettings& settings) {
  std::string name;
  for (const std::string& host : settings.hosts) name += (name.empty() ? "" : ",") + host;
  return name + settings.path;
}

int group_index(const Snapshot& snapshot, std::string_view name) {
  for (std::size_t i = 0; i < snapshot.groups.size(); ++i)
    if (snapshot.groups[i]->settings().name == name) return static_cast<int>(i);
  return -1;
}

Result<Route> build_route(const RouteSettings& settings, const Snapshot& snapshot, const Ports& ports) {
  Route route;
  route.settings = settings;
  route.name = route_name(settings);
  route.auth_required = settings.auth == Auth::kRequired || (settings.auth == Auth::kDefault && !settings.handler.empty());
  route.body_limit = settings.body_limit.value_or(snapshot.settings.limits.body_bytes);
  if (!settings.handler.empty()) {
    const auto found = ports.handlers.find(settings.handler);
    if (found == ports.handlers.end())
      return make_error("unknown-handler", "route " + route.name + ": there is no handler '" + settings.handler + "'");
    route.handler = found->second;
  } else if (!settings.to.empty()) {
    route.group = group_index(snapshot, settings.to);
    if (route.group < 0)
      return make_error("unknown-upstream", "route " + route.name + ": no upstream is called '" + settings.to + "'");
  }
  return route;
}

}  // namespace

bool Snapshot::trusts(std::string_view address) const {
  return std::any_of(settings.trusted_proxies.begin(), settings.trusted_proxies.end(),
                     [address](const net::Cidr& cidr) { return cidr.contains(address); });
}

Result<std::shared_ptr<const Snapshot>> build_snapshot(const Settings& settings,
                                                       const std::vector<upstream::GroupSettings>& groups, const Ports& ports,
                                                       const Snapshot* previous) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->settings = settings;
  for (const upstream::GroupSettings& group : groups) {
    snapshot->groups.push_back(group_for(group, previous));
    snapshot->server_metrics.push_back(declare_server_metrics(*ports.metrics, *snapshot->groups.back()));
  }
  snapshot->routes.reserve(settings.routes.size());  // the router keeps pointers
  for (const RouteSettings& route_settings : settings.routes) {
    auto route = build_route(route_settings, *snapshot, ports);
    if (!route) return std::move(route).error();
    route->metrics = static_cast<unsigned>(snapshot->route_metrics.size());
    snapshot->route_metrics.push_back(declare_route_metrics(*ports.metrics, route->name));
    snapshot->routes.push_back(std::move(*route));
    snapshot->router.add(&snapshot->routes.back());
  }
  snapshot->router.finish();
  return std::shared_ptr<const Snapshot>(std::move(snapshot));
}

}  // namespace gatehouse::edge
