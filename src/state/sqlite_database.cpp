#include "sqlite_database.h"

#include <filesystem>

#include "gatehouse/base/log.h"
#include "lock_file.h"
#include "sqlite_migrations.h"

namespace gatehouse::state {

namespace {

// synchronous=FULL: a commit returns after the log is on the disk. secure_delete: old hashes are overwritten.
constexpr const char* kSetUp =
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA journal_size_limit = 4194304";

std::string first_text(const Row& row) { return row.text(0); }

Status corrupt(const SqliteConnection& db, const std::string& finding) {
  return make_error("database-corrupt", "database " + db.path() + ": " + finding,
                    "restore a backup of it, or move it away to begin with an empty one");
}

Status check(SqliteConnection& db, const char* pragma) {
  auto findings = db.query(pragma, first_text);
  if (!findings) return std::move(findings).error();
  if (findings->size() == 1 && findings->front() == "ok") return {};
  return corrupt(db, findings->empty() ? "the integrity check gave no answer" : findings->front());
}

Status use_wal(SqliteConnection& db) {
  auto mode = db.query("PRAGMA journal_mode = WAL", first_text);
  if (!mode) return std::move(mode).error();
  if (mode->empty() || mode->front() != "wal") {
    log::warn("state", "state.wal.unavailable", "file system cannot share memory; database works without WAL, slower",
              {{"path", db.path()}});
  }
  return {};
}

Status in_transaction(SqliteConnection& db, const std::function<Status(Session&)>& work) {
  if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) return std::move(begun).error();
  Status done = work(db);
  if (done) {
    if (auto committed = db.run("COMMIT"); !committed) done = std::move(committed).error();
  }
  if (!done) db.roll_back();
  return done;
}

}  // namespace

// Two state directories may name one file, and by different names. SQLite's own locks would let both daemons in, each blind
// to the other's changes of users and keys.
Result<UniqueFd> lock_database(const std::string& path) {
  std::error_code code;
  const std::string real = std::filesystem::canonical(path, code).string();
  return lock_file((code ? path : real) + ".lock", "the database " + path);
}

Result<std::unique_ptr<Database>> SqliteDatabase::open(const std::string& path, runtime::WallTime now) {
  auto lock = lock_database(path);
  if (!lock) return std::move(lock).error();
  auto db = SqliteConnection::open(path);
  if (!db) return std::move(db).error();
  SqliteConnection& connection = **db;
  for (const auto& step : {&check_sqlite_schema, &use_wal}) {
    if (auto done = step(connection); !done) return std::move(done).error();
  }
  if (auto done = connection.script(kSetUp); !done) return std::move(done).error();
  if (auto whole = check(connection, "PRAGMA quick_check(1)"); !whole) return std::move(whole).error();
  auto migrated = in_transaction(connection, [&](Session&) { return migrate_sqlite(connection, now); });
  if (!migrated) return std::move(migrated).error();
  return std::unique_ptr<Database>(new SqliteDatabase(*std::move(lock), *std::move(db)));
}

Status SqliteDatabase::ping() {
  return read([](Session& session) -> Status {
    auto versions = session.number("SELECT count(*) FROM schema_migrations");
    return versions ? Status() : std::move(versions).error();
  });
}

Status SqliteDatabase::check_integrity() {
  const std::lock_guard lock(mutex_);
  if (auto whole = check(*db_, "PRAGMA integrity_check(1)"); !whole) return whole;
  auto broken = db_->query("PRAGMA foreign_key_check", first_text);
  if (!broken) return std::move(broken).error();
  return broken->empty() ? Status() : corrupt(*db_, "a row of " + broken->front() + " refers to a row that is gone");
}

Status SqliteDatabase::read(const std::function<Status(Session&)>& work) {
  const std::lock_guard lock(mutex_);
  return work(*db_);
}

Status SqliteDatabase::write(const std::function<Result<Mark>(Session&)>& work) {
  return transfer([&](Session& session) -> Status {
    auto mark = work(session);
    return mark ? Status() : std::move(mark).error();
  });
}

Status SqliteDatabase::transfer(const std::function<Status(Session&)>& work) {
  const std::lock_guard lock(mutex_);
  return in_transaction(*db_, work);
}

Result<std::int64_t> SqliteDatabase::last_id(Session& session, std::string_view table) {
  return session.number("SELECT seq FROM sqlite_sequence WHERE name = $1", {table});
}

Status SqliteDatabase::set_last_id(Session& session, std::string_view table, std::int64_t id) {
  auto changed = session.run("UPDATE sqlite_sequence SET seq = $1 WHERE name = $2", {id, table});
  if (changed && changed->changed == 0) {
    changed = session.run("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", {table, id});
  }
  return changed ? Status() : std::move(changed).error();
}

}  // namespace gatehouse::state
