#include "router.h"

#include <algorithm>
#include <array>

#include "gatehouse/http/target.h"

namespace gatehouse::edge {

namespace {

bool names(const Route& route, std::string_view method) noexcept {
  const auto& methods = route.settings.methods;
  return std::find(methods.begin(), methods.end(), method) != methods.end();
}

}  // namespace

void Router::add(const Route* route) {
  const auto add_to = [route](Host& host) {
    Paths& paths = route->settings.path.ends_with('/') ? host.prefixes : host.exact;
    paths[route->settings.path].push_back(route);
  };
  if (route->settings.hosts.empty()) add_to(any_host_);
  for (const std::string& host : route->settings.hosts) {
    std::array<char, http::kLongestHost> storage;
    const std::string name(http::canonical_host(host, storage));
    if (name.starts_with("*.")) {
      add_to(wildcard_hosts_[name.substr(1)]);
    } else {
      add_to(exact_hosts_[name]);
    }
  }
}

void Router::finish() {
  const auto collect = [](Host& host) {
    for (const auto& [path, route] : host.prefixes) host.prefix_lengths.push_back(path.size());
    std::sort(host.prefix_lengths.begin(), host.prefix_lengths.end(), std::greater<>());
    host.prefix_lengths.erase(std::unique(host.prefix_lengths.begin(), host.prefix_lengths.end()), host.prefix_lengths.end());
  };
  for (auto& [name, host] : exact_hosts_) collect(host);
  for (auto& [name, host] : wildcard_hosts_) collect(host);
  collect(any_host_);
}

Router::Place Router::Host::find(std::string_view path) const {
  if (!exact.empty()) {
    if (const auto found = exact.find(path); found != exact.end()) return found->second;
  }
  for (const std::size_t length : prefix_lengths) {
    if (length > path.size() || path[length - 1] != '/') continue;
    if (const auto found = prefixes.find(path.substr(0, length)); found != prefixes.end()) return found->second;
  }
  return {};
}

const Route* Router::choose(Place place, std::string_view method) noexcept {
  for (const Route* route : place)
    if (names(*route, method)) return route;
  for (const Route* route : place)
    if (method == "HEAD" && names(*route, "GET")) return route;
  for (const Route* route : place)
    if (route->settings.methods.empty()) return route;
  return nullptr;
}

std::string Router::allowed(Place place) {
  std::vector<std::string_view> methods;
  const auto add = [&methods](std::string_view method) {
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  };
  for (const Route* route : place) {
    if (route->settings.methods.empty()) return std::string(kAnyMethod);
    for (const std::string& method : route->settings.methods) {
      add(method);
      if (method == "GET") add("HEAD");
    }
  }
  std::string list;
  for (const std::string_view method : methods) list.append(list.empty() ? "" : ", ").append(method);
  return list;
}

Router::Place Router::find(std::string_view host, std::string_view path) const {
  if (!exact_hosts_.empty() || !wildcard_hosts_.empty()) {
    std::array<char, http::kLongestHost> storage;
    const std::string_view name = http::canonical_host(host, storage);
    if (const auto found = exact_hosts_.find(name); found != exact_hosts_.end()) {
      if (const Place place = found->second.find(path); !place.empty()) return place;
    }
    for (std::size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      const auto found = wildcard_hosts_.find(name.substr(dot));
      if (found == wildcard_hosts_.end()) continue;
      if (const Place place = found->second.find(path); !place.empty()) return place;
    }
  }
  return any_host_.find(path);
}

}  // namespace gatehouse::edge
