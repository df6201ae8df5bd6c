// Texts made from the key table and from what was loaded: `gatehouse config explain`, `gatehouse config schema`,
// docs/reference/config.md. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/config/config.h"

namespace gatehouse::config {

// All keys, those below `key`, or `key` with everything that it overrode. Slug "unknown-key" with a suggestion when
// nothing is called so.
Result<std::string> explain(const Provenance& provenance, std::string_view key = {});
Result<std::string> explain_json(const Provenance& provenance, std::string_view key = {});

std::string schema();     // JSON Schema, draft-07, of one configuration file
std::string reference();  // Markdown

}  // namespace gatehouse::config
