// The tiers above the file: `.env`, process environment, flags, each put over the tree of the one below.
#pragma once

#include "context.h"

namespace gatehouse::config {

void apply_tiers(Context& context);

// "[a, \"b\"]" or "a, b" as a list: how variables, flags and defaults write lists.
Node list_node(std::string_view text, const Spot& spot);

// "listeners.http.address" → "GATEHOUSE_LISTENERS_HTTP_ADDRESS".
std::string variable_name(std::string_view path);

}  // namespace gatehouse::config
