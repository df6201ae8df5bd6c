// YAML text into nodes with positions: yaml-cpp's events, and what yaml-cpp does not do: duplicate keys, limits on depth
// and on the expansion of aliases. Allowed: anchors and aliases (a copy). Refused: merge keys, tags, several documents.
#pragma once

#include "node.h"
#include "report.h"

namespace gatehouse::config {

inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr int kMaxDepth = 32;

// The text is that of report.sources[source]. A mapping, or null for an empty file; problems go to the report.
Node parse_yaml(Report& report, int source);

}  // namespace gatehouse::config
