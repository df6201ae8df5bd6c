// Texts into trees with positions, and what yaml-cpp does not do: duplicate keys, limits on depth and on the expansion of
// aliases. Allowed: anchors and aliases (a copy). Refused: merge keys, tags, several documents. Problems go to the report;
// never throws, whatever the bytes are. Any thread; nothing to stop. Source: YAML 1.2.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "gatehouse/yaml/report.h"
#include "gatehouse/yaml/variables.h"

namespace gatehouse::yaml {

inline constexpr std::size_t kMaxFileBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxNodes = 100'000;
inline constexpr int kMaxDepth = 32;

// The text is that of report.sources[source]. A mapping, or null for an empty file.
Node parse_yaml(Report& report, int source);

// `.env`: NAME=value lines, # comments, 'literal' and "escaped" values, an optional "export" in front. No interpolation.
struct Dotenv {
  Environment variables;
  struct Place {
    int line, name_column, value_column;
  };
  std::map<std::string, Place> places;  // where each stands
};
Dotenv parse_dotenv(Report& report, int source, std::string_view text);

// Fills the variables of all values in; a value that cannot be filled in is reported and becomes null.
void interpolate_tree(Report& report, Variables& variables, Node& node, const std::string& path = {});

}  // namespace gatehouse::yaml
