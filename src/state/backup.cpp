#include "gatehouse/state/backup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "file_errors.h"
#include "gatehouse/base/unique_fd.h"
#include "open_database.h"
#include "sql_store.h"
#include "sqlite.h"
#include "sqlite_database.h"
#include "tables.h"

namespace gatehouse::state {

namespace {

using ConnectionPtr = std::unique_ptr<SqliteConnection>;

Status make_new_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  return fd ? Status() : Status(file_error("cannot write " + path, path, errno));
}

Status flush_to_disk(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd && ::fsync(fd.get()) == 0) return {};
  return file_error("cannot write " + path, path, errno);
}

std::string first_text(const Row& row) { return row.text(0); }

Status corrupt(const std::string& path, const std::string& finding) {
  return make_error("database-corrupt", "database " + path + ": " + finding);
}

std::string quoted_name(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Result<RowCounts> count_all(Session& session) {
  auto names = session.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", first_text);
  if (!names) return std::move(names).error();
  RowCounts counts;
  for (const std::string& name : *names) {
    auto rows = session.number("SELECT count(*) FROM " + quoted_name(name));
    if (!rows) return std::move(rows).error();
    counts[name] = *rows;
  }
  return counts;
}

// A backup says "write-ahead log" as its source does; without one beside it, it is whole.
Status copy_into(SqliteConnection& source, SqliteConnection& target) {
  if (auto copied = source.copy_to(target); !copied) return copied;
  auto mode = target.query("PRAGMA journal_mode = DELETE", first_text);
  return mode ? Status() : Status(std::move(mode).error());
}

}  // namespace

Status copy_sqlite(const std::string& from, const std::string& to) {
  auto source = SqliteConnection::open(from);
  if (!source) return std::move(source).error();
  if (auto made = make_new_file(to); !made) return made;
  auto target = SqliteConnection::open(to);
  if (!target) return std::move(target).error();
  if (auto copied = copy_into(**source, **target); !copied) return copied;
  *target = nullptr;
  return flush_to_disk(to);
}

Status check_sqlite(const std::string& path) {
  auto db = SqliteConnection::open(path, SqliteConnection::Mode::kStill);
  if (!db) return std::move(db).error();
  auto findings = (*db)->query("PRAGMA integrity_check(1)", first_text);
  if (!findings) return std::move(findings).error();
  if (findings->size() != 1 || findings->front() != "ok")
    return corrupt(path, findings->empty() ? "the integrity check gave no answer" : findings->front());
  auto broken = (*db)->query("PRAGMA foreign_key_check", first_text);
  if (!broken) return std::move(broken).error();
  return broken->empty() ? Status() : corrupt(path, "a row of " + broken->front() + " refers to a row that is gone");
}

Result<RowCounts> count_sqlite(const std::string& path) {
  auto db = SqliteConnection::open(path, SqliteConnection::Mode::kStill);
  if (!db) return std::move(db).error();
  return count_all(**db);
}

Result<RowCounts> try_sqlite(const std::string& path, runtime::Clock& clock) {
  auto database = SqliteDatabase::open(path, clock.wall());
  if (!database) return std::move(database).error();
  Database& opened = **database;
  RowCounts counts;
  const Status counted = opened.read([&](Session& session) -> Status {
    auto all = count_all(session);
    if (!all) return std::move(all).error();
    counts = *std::move(all);
    for (const Table& table : tables())
      if (!counts.contains(table.name)) return corrupt(path, "the table " + std::string(table.name) + " is missing");
    return {};
  });
  if (!counted) return counted.error();
  SqlStore store(*std::move(database), clock);
  Status answers = store.check_integrity();
  const auto note = [&](const auto& result) {
    if (answers && !result) answers = result.error();
  };
  note(store.users());
  note(store.keys());
  note(store.templates());
  note(store.instances());
  note(store.revoked_tokens());
  note(store.audit(0, 10));
  if (!answers) return answers.error();
  return counts;
}

Status restore_sqlite(const std::string& from, const std::string& to) {
  auto lock = lock_database(to);
  if (!lock) return std::move(lock).error();
  auto source = SqliteConnection::open(from, SqliteConnection::Mode::kStill);
  if (!source) return std::move(source).error();
  const bool fresh = ::access(to.c_str(), F_OK) != 0;
  if (fresh) {
    if (auto made = make_new_file(to); !made) return made;
  }
  auto target = SqliteConnection::open(to);
  if (!target) return std::move(target).error();
  if (auto copied = (*source)->copy_to(**target); !copied) return copied;
  *target = nullptr;
  return flush_to_disk(to);
}

}  // namespace gatehouse::state
