// The schema, as a numbered list of steps; each runs once, in a transaction of its own.
#pragma once

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "sqlite.h"

namespace gatehouse::state {

// Before anything is written: is this file ours, and not from a later version?
// Errors: schema-newer, database-foreign, database-corrupt.
Status check_schema(Connection& db);
Status migrate(Connection& db, runtime::WallTime now);

}  // namespace gatehouse::state
