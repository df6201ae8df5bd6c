// When backups are taken, where they are put, how long they are kept; filled by the loader.
#pragma once

#include <string>

#include "gatehouse/backup/retention.h"

namespace gatehouse::backup {

struct Settings {
  std::string schedule{};   // as Schedule::parse() reads it; empty: only when somebody asks
  std::string drill{};      // the same, for restoring the newest backup elsewhere
  std::string directory{};  // empty: backups, in the state directory
  Retention retention{};
};

}  // namespace gatehouse::backup
