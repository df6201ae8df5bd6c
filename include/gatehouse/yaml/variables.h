// ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+other}, nested; without the colon only unset counts, with it
// empty as well. $$ is a dollar sign. Any other $ is an error. Values; any thread; nothing to stop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::yaml {

using Environment = std::map<std::string, std::string>;

struct Variables {
  const Environment& environment;  // wins
  const Environment& dotenv;
  std::set<std::string> used;
  std::vector<std::string> taken{};  // by the value that is read now: "NAME (environment)", "NAME (.env)"

  const std::string* find(const std::string& name);
};

// Slugs "unset-variable", "bad-interpolation".
Result<std::string> interpolate(std::string_view text, Variables& variables);

bool is_variable_name(std::string_view text);  // [A-Za-z_][A-Za-z0-9_]*

}  // namespace gatehouse::yaml
