// ${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+other}, nested; without the colon only unset counts, with it
// empty as well. $$ is a dollar sign. Any other $ is an error.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "table.h"

namespace gatehouse::config {

struct Variables {
  const Environment& environment;  // wins
  const Environment& dotenv;
  std::set<std::string> used;

  const std::string* find(const std::string& name);
};

// Slugs "unset-variable", "bad-interpolation", "too-large" (more than 64 KiB).
Result<std::string> interpolate(std::string_view text, Variables& variables);

}  // namespace gatehouse::config
