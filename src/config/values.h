// One node of the tree as the type that its key wants.
#pragma once

#include <optional>

#include "context.h"

namespace gatehouse::config {

// Nothing when it is not of that type: the report says why.
std::optional<Value> read_value(Context& context, const Key& key, const Node& node, const std::string& path);

// file:/path, env:NAME, credential:NAME. A literal only in profile development. Slugs: "secret-exposed",
// "secret-unreadable", "secret-empty", "literal-secret", "unset-variable", "not-available".
Result<Secret> resolve_secret(const Context& context, std::string_view reference, const std::string& directory);
bool is_secret_reference(std::string_view text);

}  // namespace gatehouse::config
