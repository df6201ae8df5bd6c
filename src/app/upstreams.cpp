#include "upstreams.h"

#include "gatehouse/http/url.h"

namespace gatehouse::app {

namespace {

// Node's servers close idle connections after five seconds; ours must be gone before.
constexpr std::chrono::milliseconds kIdleTimeout{4000};

}  // namespace

std::string mcp_group_name(std::string_view server) { return "mcp:" + std::string(server); }

Result<upstream::GroupSettings> mcp_group(const mcp::ServerSettings& server) {
  const std::string key = "mcp.servers." + server.name + ".url";
  auto url = http::parse_url(server.url);
  if (!url) return std::move(url).error().context(key);
  if (url->tls) return make_error("bad-url", key + ": only http:// is available in this version");
  upstream::GroupSettings group;
  group.name = mcp_group_name(server.name);
  group.servers = {{.address = std::move(url->address), .weight = 1, .backup = false}};
  group.idle_timeout = kIdleTimeout;
  return group;
}

std::vector<std::string> route_hosts(const edge::Settings& settings) {
  std::vector<std::string> hosts;
  for (const edge::RouteSettings& route : settings.routes) hosts.insert(hosts.end(), route.hosts.begin(), route.hosts.end());
  return hosts;
}

}  // namespace gatehouse::app
