// Rules about routes and MCP.
#include <algorithm>
#include <filesystem>

#include "loader.h"

namespace gatehouse::config {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

// "no upstream is called 'ap'", with the nearest and all that there are.
void unknown_name(Context& context, const std::string& path, std::string_view what, const std::string& name,
                  const std::vector<std::string>& names, std::string_view list) {
  Diagnostic& out = context.report.error(spot_at(context, path), path, "unknown-" + std::string(what.substr(what.rfind(' ') + 1)),
                                         "no " + std::string(what) + " is called '" + name + "'");
  out.suggestion = context.report.suggest(name, names);
  out.help = names.empty() ? "there are none" : std::string(list) + ": " + joined(names);
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What tells two routes apart: one text for each host and method.
std::vector<std::string> route_keys(const edge::RouteSettings& route) {
  const std::vector<std::string> any{""};
  std::vector<std::string> out;
  for (const std::string& host : route.hosts.empty() ? any : route.hosts)
    for (const std::string& method : route.methods.empty() ? any : route.methods)
      out.push_back(host + " " + route.path + " " + method);
  return out;
}

void check_target(Context& context, const Draft& draft, std::size_t index) {
  const std::string path = item_path("routes", index);
  const Node* node = find_path(context.root, path);
  if (node == nullptr || !node->is_mapping()) return;
  std::vector<std::string> targets;
  for (const std::string_view key : {"to", "respond", "redirect", "mcp"})
    if (node->find(key) != nullptr) targets.emplace_back(key);
  if (targets.empty())
    context.report.error(node->spot, path, "missing-key", "the route leads nowhere: it needs to, respond, redirect or mcp");
  if (targets.size() > 1)
    context.report.error(spot_at(context, path + "." + targets[1]), path, "conflict",
                         "the route has " + joined(targets) + ": exactly one is expected");
  const std::string& to = draft.out.edge.routes[index].to;
  const std::vector<std::string> names = names_below(context, "upstreams");
  if (!to.empty() && !contains(names, to)) unknown_name(context, path + ".to", "upstream", to, names, "upstreams");
  const Node* empty = node->find("to");
  if (empty != nullptr && empty->is_scalar() && empty->text.empty())
    context.report.error(empty->spot, path + ".to", "unknown-upstream", "names no upstream");
}

// A route to an MCP server becomes an endpoint at its path.
void check_route_server(Context& context, Draft& draft, std::size_t index, const std::string& server) {
  const std::string path = item_path("routes", index);
  edge::RouteSettings& route = draft.out.edge.routes[index];
  const std::vector<std::string> names = names_below(context, "mcp.servers");
  if (!contains(names, server)) return unknown_name(context, path + ".mcp", "MCP server", server, names, "servers");
  if (route.path.ends_with('/')) {
    context.report.error(spot_at(context, path + ".match.path"), path + ".match.path", "bad-value",
                         "an MCP server is served at one path, not at a prefix: leave the / at the end out");
    return;
  }
  if (route.auth == edge::Auth::kDefault) route.auth = edge::Auth::kRequired;
  mcp::EndpointSettings endpoint;
  endpoint.path = route.path;
  endpoint.servers = {server};
  endpoint.auth_none = route.auth == edge::Auth::kNone;
  draft.out.mcp.endpoints.push_back(std::move(endpoint));
}

std::string source_of(const Context& context, std::string_view path) {
  const Spot spot = spot_at(context, path);
  const Source* source = context.report.source_of(spot);
  if (source == nullptr) return "default";
  const std::string name = std::filesystem::path(source->name).filename().string();
  return spot.line == 0 ? name : name + ":" + std::to_string(spot.line);
}

void check_duplicate_routes(Context& context, const Draft& draft) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < draft.out.edge.routes.size(); ++i) {
    bool read = true;  // what was refused compares as if it were absent
    for (const char* key : {".match.hosts", ".match.path", ".match.methods"})
      read = read && draft.out.values.contains(item_path("routes", i) + key);
    if (!read) continue;
    for (const std::string& key : route_keys(draft.out.edge.routes[i])) {
      const auto [first, fresh] = seen.emplace(key, i);
      if (fresh || first->second == i) continue;
      const std::string path = item_path("routes", i);
      context.report.error(spot_at(context, path), path, "duplicate-route",
                           "matches the same requests as the route at " +
                               context.report.place(spot_at(context, item_path("routes", first->second))));
      break;
    }
  }
}

// ---- MCP

void check_server(Context& context, const mcp::ServerSettings& server) {
  const std::string path = "mcp.servers." + server.name;
  const Node* node = find_path(context.root, path);
  if (node == nullptr) return;
  const bool url = node->find("url") != nullptr;
  const bool command = node->find("command") != nullptr;
  bool later = false;
  for (const std::string_view key : {"image", "template"}) later = later || node->find(key) != nullptr;
  if (!url && !command && !later)
    context.report.error(node->spot, path, "missing-key", "the server needs url or command");
  if (url && command)
    context.report.error(spot_at(context, path + ".command"), path, "conflict",
                         "the server has url and command: exactly one is expected");
  if (url && node->find("environment") != nullptr)
    context.report.error(spot_at(context, path + ".environment"), path + ".environment", "conflict",
                         "a server with url has no process: environment goes with command");
  if (command && context.production)
    context.report.error(spot_at(context, path + ".command"), path + ".command", "stdio-in-production",
                         "child processes are not started in profile production: give the server a url");
}

bool all_on_loopback(const Draft& draft) {
  const auto& listeners = draft.out.edge.listeners;
  return std::all_of(listeners.begin(), listeners.end(), [](const auto& one) { return one.address.is_loopback(); });
}

void refuse_anonymous(Context& context, const std::string& path) {
  Diagnostic& out = context.report.error(spot_at(context, path), path, "anonymous-endpoint",
                                         "auth: none lets everybody call tools, and not every listener is on loopback");
  out.help = "remove it, listen on 127.0.0.1, or set allow_anonymous: true on an endpoint";
}

void check_endpoint(Context& context, const Draft& draft, const mcp::EndpointSettings& endpoint) {
  const std::string path = "mcp.endpoints." + endpoint.path;
  if (find_path(context.root, path) == nullptr) return;
  const std::vector<std::string> names = names_below(context, "mcp.servers");
  for (std::size_t i = 0; i < endpoint.servers.size(); ++i)
    if (!contains(names, endpoint.servers[i]))
      unknown_name(context, item_path(path + ".servers", i), "MCP server", endpoint.servers[i], names, "servers");
  if (endpoint.servers.size() > 1)
    context.report.error(spot_at(context, path + ".servers"), path + ".servers", "not-available",
                         "several servers on one endpoint are not available in this version")
        .help = "each server has its own: /mcp/NAME";
  if (endpoint.auth_none && !endpoint.allow_anonymous && !all_on_loopback(draft)) refuse_anonymous(context, path + ".auth");
}

void serve_alone(Draft& draft, const std::string& server) {
  const std::string path = "/mcp/" + server;
  for (const mcp::EndpointSettings& endpoint : draft.out.mcp.endpoints)
    if (endpoint.path == path) return;
  mcp::EndpointSettings endpoint;
  endpoint.path = path;
  endpoint.servers = {server};
  draft.out.mcp.endpoints.push_back(std::move(endpoint));
}

void add_route(Context& context, Draft& draft, const mcp::EndpointSettings& endpoint) {
  edge::RouteSettings route;
  route.path = endpoint.path;
  route.handler = "mcp";
  route.auth = endpoint.auth_none ? edge::Auth::kNone : edge::Auth::kRequired;
  const std::string path = "mcp.endpoints." + endpoint.path;
  const bool written = find_path(context.root, path) != nullptr;
  route.source = source_of(context, written ? path : "mcp.servers." + endpoint.servers.front());
  draft.out.edge.routes.push_back(std::move(route));
}

}  // namespace

void check_routes(Context& context, Draft& draft) {
  for (std::size_t i = 0; i < draft.out.edge.routes.size(); ++i) {
    draft.out.edge.routes[i].source = source_of(context, item_path("routes", i));
    check_target(context, draft, i);
  }
  check_duplicate_routes(context, draft);
}

void check_mcp(Context& context, Draft& draft) {
  for (const mcp::ServerSettings& server : draft.out.mcp.servers) check_server(context, server);
  for (const mcp::EndpointSettings& endpoint : draft.out.mcp.endpoints) check_endpoint(context, draft, endpoint);
  for (const mcp::ServerSettings& server : draft.out.mcp.servers) serve_alone(draft, server.name);
  const std::size_t own_routes = draft.out.edge.routes.size();
  const std::vector<mcp::EndpointSettings> endpoints = draft.out.mcp.endpoints;
  for (const auto& [index, server] : draft.route_servers) {
    check_route_server(context, draft, index, server);
    const std::string path = item_path("routes", index);
    if (draft.out.edge.routes[index].auth == edge::Auth::kNone && !all_on_loopback(draft))
      refuse_anonymous(context, path + ".auth");
  }
  for (const mcp::EndpointSettings& endpoint : endpoints)
    if (!endpoint.servers.empty()) add_route(context, draft, endpoint);
  for (std::size_t i = 0; i < own_routes; ++i) {
    const edge::RouteSettings& route = draft.out.edge.routes[i];
    const auto same = std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& one) { return one.path == route.path; });
    if (same == endpoints.end() || !route.hosts.empty()) continue;
    const std::string path = item_path("routes", i);
    context.report.error(spot_at(context, path), path, "duplicate-route",
                         "matches the same requests as the MCP endpoint " + route.path);
  }
}

}  // namespace gatehouse::config
