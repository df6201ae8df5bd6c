// Rules between keys: references, addresses used twice, what a profile forbids. Completes the draft: TLS flags, routes of
// MCP endpoints.
#pragma once

#include "context.h"

namespace gatehouse::config {

void check_listeners(Context& context, Draft& draft);
void check_upstreams(Context& context, Draft& draft);
void check_routes(Context& context, Draft& draft);
void check_mcp(Context& context, Draft& draft);
void check_access(Context& context, Draft& draft);
void check_certificates(Context& context, Draft& draft);

// Of the node at `path`, or of the nearest one above that exists.
Spot spot_at(const Context& context, std::string_view path);
std::vector<std::string> names_below(const Context& context, std::string_view path);  // keys of the mapping at `path`

}  // namespace gatehouse::config
