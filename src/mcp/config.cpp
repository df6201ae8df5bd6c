#include "config.h"

#include <algorithm>

#include "gatehouse/http/url.h"

namespace gatehouse::mcp {

namespace {

std::shared_ptr<const Server> make_server(const ServerSettings& settings, std::shared_ptr<stdio::ServerState> state) {
  auto server = std::make_shared<Server>(Server{settings, std::move(state), nullptr, {}});
  if (const auto url = http::parse_url(settings.url)) server->path = url->target;
  if (settings.url.empty())
    server->child = std::make_shared<stdio::Server>(stdio::Server{{settings.name, settings.command, settings.environment, settings.max_processes,
                                                                   settings.start_timeout, settings.stop_grace},
                                                                  server->state});
  return server;
}

}  // namespace

Target Config::find(std::string_view path) const {
  Target target;
  const auto by_name = [this](std::string_view name) {
    const auto found = servers.find(name);
    return found == servers.end() ? nullptr : found->second;
  };
  for (const EndpointSettings& endpoint : settings.endpoints) {
    if (endpoint.path != path) continue;
    target.endpoint = &endpoint;
    if (endpoint.servers.size() == 1) target.server = by_name(endpoint.servers.front());
    return target;
  }
  for (const EndpointSettings& endpoint : settings.endpoints) {
    std::string_view rest = path;
    if (!rest.starts_with(endpoint.path)) continue;
    rest.remove_prefix(endpoint.path.size());
    if (!rest.starts_with('/')) continue;
    rest.remove_prefix(1);
    if (std::find(endpoint.servers.begin(), endpoint.servers.end(), rest) == endpoint.servers.end()) continue;
    target.endpoint = &endpoint;
    target.server = by_name(rest);
    return target;
  }
  return target;
}

bool same(const ServerSettings& a, const ServerSettings& b) noexcept {
  return a.name == b.name && a.url == b.url && a.command == b.command && a.environment == b.environment &&
         a.max_processes == b.max_processes && a.start_timeout == b.start_timeout && a.call_timeout == b.call_timeout &&
         a.stop_grace == b.stop_grace;
}

std::shared_ptr<const Config> make_config(Settings settings, std::vector<std::string> route_hosts, const Config* previous) {
  auto config = std::make_shared<Config>();
  config->hosts.hosts = std::move(route_hosts);
  config->hosts.hosts.insert(config->hosts.hosts.end(), settings.allowed_hosts.begin(), settings.allowed_hosts.end());
  config->hosts.origins = settings.allowed_origins;
  for (const ServerSettings& server : settings.servers) {
    std::shared_ptr<const Server> old;
    if (previous != nullptr)
      if (const auto found = previous->servers.find(server.name); found != previous->servers.end()) old = found->second;
    if (!old || !same(old->settings, server)) {
      auto state = old ? old->state : std::make_shared<stdio::ServerState>();
      state->legacy_until.store(0, std::memory_order_relaxed);
      old = make_server(server, std::move(state));
    }
    config->servers.emplace(server.name, std::move(old));
  }
  config->settings = std::move(settings);
  return config;
}

}  // namespace gatehouse::mcp
