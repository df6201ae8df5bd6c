#include "upstreams.h"

namespace gatehouse::app {

namespace {

constexpr std::string_view kScheme = "http://";
// Node's servers close idle connections after five seconds; ours must be gone before.
constexpr std::chrono::milliseconds kIdleTimeout{4000};

}  // namespace

std::string mcp_group_name(std::string_view server) { return "mcp:" + std::string(server); }

Result<upstream::GroupSettings> mcp_group(const mcp::ServerSettings& server) {
  if (!server.url.starts_with(kScheme))
    return make_error("bad-url", "mcp.servers." + server.name + ".url: only http:// is available in this version");
  std::string authority = server.url.substr(kScheme.size(), server.url.find_first_of("/?#", kScheme.size()) - kScheme.size());
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string::npos || authority.ends_with(']')) authority += ":80";
  auto address = net::parse_address(authority);
  if (!address) return std::move(address).error().context("mcp.servers." + server.name + ".url");
  upstream::GroupSettings group;
  group.name = mcp_group_name(server.name);
  group.servers = {{.address = std::move(*address), .weight = 1, .backup = false}};
  group.idle_timeout = kIdleTimeout;
  return group;
}

std::vector<std::string> route_hosts(const edge::Settings& settings) {
  std::vector<std::string> hosts;
  for (const edge::RouteSettings& route : settings.routes) hosts.insert(hosts.end(), route.hosts.begin(), route.hosts.end());
  return hosts;
}

}  // namespace gatehouse::app
