// The schema, as a numbered list of steps for each database; step n of one makes the same tables as step n of the other.
// A step that was released is never edited; the next one is added.
#pragma once

#include <span>
#include <string>

#include "database.h"

namespace gatehouse::state {

struct Migration {
  int version;
  const char* name;
  const char* sql;
};

std::span<const Migration> sqlite_migrations();
std::span<const Migration> postgres_migrations();

// The newest step that was applied; 0 when there is none. The table schema_migrations must exist.
Result<std::int64_t> applied_version(Session& session);
// "schema-newer" when a later gatehouse applied it.
Status check_version(std::int64_t version, const std::string& name);
// What is missing, within the caller's transaction.
Status migrate(Session& session, std::span<const Migration> steps, const std::string& name, runtime::WallTime now);

}  // namespace gatehouse::state
