// MCP servers that are reached over HTTP have an upstream group each, so that their connections are pooled like those of
// routes.
#pragma once

#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/edge/settings.h"
#include "gatehouse/mcp/settings.h"
#include "gatehouse/upstream/settings.h"

namespace gatehouse::app {

std::string mcp_group_name(std::string_view server);
Result<upstream::GroupSettings> mcp_group(const mcp::ServerSettings& server);

std::vector<std::string> route_hosts(const edge::Settings& settings);

}  // namespace gatehouse::app
