// Moving a daemon's state to another database: `gatehouse state copy`.
//
// Everything is copied, ids and the numbers behind them included, in one transaction of the target, read back and compared
// before it is committed. Blocks; for the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/state/settings.h"

namespace gatehouse::state {

struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
};

// Both databases are brought up to this program's schema first. No daemon may work on them: the state directory, and those of
// SQLite files, are locked meanwhile; on PostgreSQL, connections of a daemon are looked for. When an error is returned, the
// target is as empty as before. Errors as in open_store, and
//   not-found         there is no SQLite file to copy from
//   state-in-use      a daemon works on one of them
//   target-not-empty  the message names a table that has rows
//   same-database     from and to are one
//   copy-differs      what was read back is not what was written
Result<std::vector<CopiedTable>> copy(const Settings& from, const Settings& to, runtime::Clock& clock);

}  // namespace gatehouse::state
