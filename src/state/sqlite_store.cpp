#include "sqlite_store.h"

#include <algorithm>

#include "gatehouse/base/log.h"
#include "migrations.h"

namespace gatehouse::state {

namespace {

constexpr std::size_t kMaxAuditRows = 1000;

// synchronous=FULL: a commit returns after the log is on the disk. secure_delete: old hashes are overwritten.
constexpr const char* kSetUp =
    "PRAGMA synchronous = FULL;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA journal_size_limit = 4194304";

std::string first_text(const Row& row) { return row.text(0); }

Status corrupt(const Connection& db, const std::string& finding) {
  return make_error("database-corrupt", "database " + db.path() + ": " + finding,
                    "restore a backup of it, or move it away to begin with an empty one");
}

Status check(Connection& db, const char* pragma) {
  auto findings = db.query(pragma, first_text);
  if (!findings) return std::move(findings).error();
  if (findings->size() == 1 && findings->front() == "ok") return {};
  return corrupt(db, findings->empty() ? "the integrity check gave no answer" : findings->front());
}

Status use_wal(Connection& db) {
  auto mode = db.query("PRAGMA journal_mode = WAL", first_text);
  if (!mode) return std::move(mode).error();
  if (mode->empty() || mode->front() != "wal") {
    log::warn("state", "state.wal.unavailable", "file system cannot share memory; database works without WAL, slower",
              {{"path", db.path()}});
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> SqliteStore::open(const std::string& path, runtime::WallTime now) {
  auto db = Connection::open(path);
  if (!db) return std::move(db).error();
  Connection& connection = **db;
  for (const auto& step : {&check_schema, &use_wal}) {
    if (auto done = step(connection); !done) return std::move(done).error();
  }
  if (auto done = connection.execute(kSetUp); !done) return std::move(done).error();
  if (auto whole = check(connection, "PRAGMA quick_check(1)"); !whole) return std::move(whole).error();
  if (auto done = migrate(connection, now); !done) return std::move(done).error();
  return std::unique_ptr<Store>(new SqliteStore(*std::move(db)));
}

Status SqliteStore::ping() {
  const std::lock_guard lock(mutex_);
  auto rows = db_->query("SELECT count(*) FROM schema_migrations", [](const Row& row) { return row.integer(0); });
  if (!rows) return std::move(rows).error();
  return {};
}

Status SqliteStore::check_integrity() {
  const std::lock_guard lock(mutex_);
  if (auto whole = check(*db_, "PRAGMA integrity_check(1)"); !whole) return whole;
  auto broken = db_->query("PRAGMA foreign_key_check", first_text);
  if (!broken) return std::move(broken).error();
  return broken->empty() ? Status() : corrupt(*db_, "a row of " + broken->front() + " refers to a row that is gone");
}

Status SqliteStore::changed_one(Result<std::int64_t> changed, std::string_view what) const {
  if (!changed) return std::move(changed).error();
  if (*changed == 0) return make_error("not-found", std::string(what) + " does not exist");
  return {};
}

Result<std::optional<std::string>> SqliteStore::setting_locked(std::string_view name) {
  auto rows = db_->query("SELECT value FROM settings WHERE name = ?", first_text, name);
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(rows->front()));
}

Result<std::optional<std::string>> SqliteStore::setting(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return setting_locked(name);
}

Status SqliteStore::put_setting(std::string_view name, std::string_view value, const Change& change) {
  return write(change, [&]() -> Status {
    auto done = db_->run(
        "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name, value);
    return changed_one(std::move(done), "setting");
  });
}

Result<std::string> SqliteStore::setting_or_store(std::string_view name, std::string_view value, const Change& change) {
  const std::lock_guard lock(mutex_);
  auto transaction = Transaction::begin(*db_);
  if (!transaction) return std::move(transaction).error();
  auto stored = setting_locked(name);
  if (!stored) return std::move(stored).error();
  if (*stored) return **std::move(stored);
  auto done = db_->run("INSERT INTO settings (name, value) VALUES (?, ?)", name, value);
  if (!done) return std::move(done).error();
  if (auto noted = note(change); !noted) return std::move(noted).error();
  if (auto committed = transaction->commit(); !committed) return std::move(committed).error();
  return std::string(value);
}

Status SqliteStore::note(const Change& change) {
  auto done = db_->run("INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)", change.at,
                       change.actor, change.action, change.subject, change.detail);
  return changed_one(std::move(done), "audit row");
}

Status SqliteStore::append_audit(const Change& change) {
  return write(change, [] { return Status(); });
}

Result<std::vector<AuditEntry>> SqliteStore::audit(std::int64_t before, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto read = [](const Row& row) {
    return AuditEntry{row.integer(0), {row.time(1), row.text(2), row.text(3), row.text(4), row.text(5)}};
  };
  return db_->query(
      "SELECT id, at, actor, action, subject, detail FROM audit WHERE ?1 = 0 OR id < ?1 ORDER BY id DESC LIMIT ?2",
      read, before, static_cast<std::int64_t>(std::min(limit, kMaxAuditRows)));
}

}  // namespace gatehouse::state
