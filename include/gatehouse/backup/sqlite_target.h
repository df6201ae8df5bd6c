// The daemon's own state in SQLite, as a target. Its drill opens a copy as a daemon would.
#pragma once

#include "gatehouse/backup/host.h"
#include "gatehouse/backup/target.h"

namespace gatehouse::backup {

// `database`: path of the file. What is restored for a look is put into `scratch`, a directory.
TargetPtr sqlite_target(Host host, std::string name, std::string database, std::string scratch);

}  // namespace gatehouse::backup
