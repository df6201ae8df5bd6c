// Copies of an SQLite database while it is in use, and what can be said of such a copy. Everything BLOCKS: for the offload pool
// or the command line. Functions; any thread. Errors as in gatehouse/state/store.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::state {

using RowCounts = std::map<std::string, std::int64_t>;  // by table

// A consistent copy of `from` as it is at one moment, with SQLite's online backup; writers go on. `to` is made with mode 0600 and
// must not exist; it is one file, needs no log beside it, and is on the disk when this returns. After an error there may be a part
// of it.
Status copy_sqlite(const std::string& from, const std::string& to);

// Whole, every index and reference included. Writes nothing, also not beside it. Slug "database-corrupt".
Status check_sqlite(const std::string& path);

// Of all tables that there are. Writes nothing.
Result<RowCounts> count_sqlite(const std::string& path);

// Opens the file as a daemon would (its schema may be brought up to date: give it a copy), asks for what a daemon asks for, and
// counts the rows of every table that there must be.
Result<RowCounts> try_sqlite(const std::string& path, runtime::Clock& clock);

// Puts what is in `from` in the place of what is in `to`, in one transaction: after an error `to` is as before. No daemon may work
// on it: the file is locked meanwhile, slug "state-in-use".
Status restore_sqlite(const std::string& from, const std::string& to);

}  // namespace gatehouse::state
