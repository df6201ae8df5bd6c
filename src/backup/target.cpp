#include "gatehouse/backup/target.h"

namespace gatehouse::backup {

namespace {

// Rows of PostgreSQL are counted before and after the dump: in between somebody may have added and somebody else removed. Those of
// SQLite are counted in the copy.
std::int64_t tolerance(Kind kind, const Rows& counted) { return kind == Kind::kSqlite ? 0 : counted.least / 100 + 10; }

}  // namespace

std::string missing_in(const Tables& restored, const Entry& entry, const Entry* before) {
  for (const auto& [name, counted] : entry.tables) {
    const auto found = restored.find(name);
    if (found == restored.end()) return "the table " + name + " is missing";
    const std::int64_t rows = found->second.most;
    if (rows < counted.least - tolerance(entry.kind, counted) || (rows == 0 && counted.least > 0))
      return "the table " + name + " has " + std::to_string(rows) + " rows, not " + std::to_string(counted.least);
  }
  if (before == nullptr) return {};
  for (const auto& [name, counted] : before->tables)
    if (!restored.contains(name)) return "the table " + name + ", which is in the backup before (" + before->id + "), is missing";
  return {};
}

}  // namespace gatehouse::backup
