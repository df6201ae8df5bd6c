// The schema in SQLite.
#pragma once

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "sqlite.h"

namespace gatehouse::state {

// Before anything is written: is this file ours, and not from a later version?
// Errors: schema-newer, database-foreign, database-corrupt.
Status check_sqlite_schema(SqliteConnection& db);
Status migrate_sqlite(SqliteConnection& db, runtime::WallTime now);

}  // namespace gatehouse::state
