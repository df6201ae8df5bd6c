// Which backups are kept. In days and weeks of UTC, which begin on Mondays:
// - all of the last 24 hours, also those that failed: somebody may be looking at them;
// - the newest good one of each of the last `daily` days that have one;
// - the newest good one of each week, until it is older than `max_age`;
// - the newest good one of all, whatever its age: when backups fail for a month, the last one must not go, too.
// What failed its check counts for nothing else. Pure functions; any thread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gatehouse/base/timestamp.h"

namespace gatehouse::backup {

struct Backup {
  std::string name;
  WallTime taken{};
  bool good = true;  // complete, and its check passed
};

struct Retention {
  std::size_t daily = 7;
  std::chrono::hours max_age{30 * 24};
};

// Names of those that may go, the oldest first.
std::vector<std::string> expired(const std::vector<Backup>& backups, const Retention& retention, WallTime now);

}  // namespace gatehouse::backup
