#include "migrations.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "gatehouse/base/log.h"
#include "gatehouse/state/open.h"

namespace gatehouse::state {

namespace {

struct Migration {
  int version;
  const char* name;
  const char* sql;
};

// Times are microseconds since 1970-01-01 UTC. A step that was released is never edited; add the next one.
constexpr Migration kMigrations[] = {
    {1, "users, keys, registry, settings, audit", R"sql(
      CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        username TEXT NOT NULL UNIQUE,
        email TEXT NOT NULL,
        full_name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        is_superuser INTEGER NOT NULL CHECK (is_superuser IN (0, 1)),
        password_hash TEXT NOT NULL,
        token_generation INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT;
      CREATE TABLE api_keys (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        scopes TEXT NOT NULL,
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        expires_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        last_used INTEGER,
        key_hmac BLOB NOT NULL UNIQUE CHECK (length(key_hmac) = 32)
      ) STRICT;
      CREATE INDEX api_keys_by_user ON api_keys (user_id);
      CREATE TABLE revoked_tokens (
        token_id TEXT PRIMARY KEY,
        expires_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE server_templates (
        name TEXT PRIMARY KEY,
        description TEXT NOT NULL,
        strategy TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE server_instances (
        id TEXT PRIMARY KEY,
        template_name TEXT NOT NULL REFERENCES server_templates (name) ON DELETE CASCADE,
        transport TEXT NOT NULL CHECK (transport IN ('http', 'stdio')),
        endpoint TEXT NOT NULL,
        command TEXT NOT NULL,
        working_directory TEXT NOT NULL,
        backend TEXT NOT NULL,
        container_id TEXT NOT NULL,
        deployment_id TEXT NOT NULL,
        metadata TEXT NOT NULL,
        sealed_environment BLOB NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('healthy', 'unhealthy', 'unknown')),
        consecutive_failures INTEGER NOT NULL,
        last_health_check INTEGER,
        is_active INTEGER NOT NULL CHECK (is_active IN (0, 1)),
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX server_instances_by_template ON server_instances (template_name);
      CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL
      ) STRICT;
      CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit table is append-only'); END;
      CREATE TRIGGER audit_keeps_words BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit table is append-only'); END;
    )sql"},
};

constexpr int kNewest = kMigrations[std::size(kMigrations) - 1].version;

Result<std::int64_t> number(Connection& db, const char* sql) {
  auto rows = db.query(sql, [](const Row& row) { return row.integer(0); });
  if (!rows) return std::move(rows).error();
  return rows->empty() ? std::int64_t{0} : rows->front();
}

Result<std::int64_t> current_version(Connection& db) {
  return number(db, "SELECT coalesce(max(version), 0) FROM schema_migrations");
}

Status apply(Connection& db, const Migration& step, runtime::WallTime now) {
  auto transaction = Transaction::begin(db);
  if (!transaction) return std::move(transaction).error();
  if (auto done = db.execute(step.sql); !done) return done;
  auto noted = db.run("INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
                      std::int64_t{step.version}, std::string_view(step.name), now);
  if (!noted) return std::move(noted).error();
  return transaction->commit();
}

}  // namespace

int schema_version() noexcept { return kNewest; }

Status check_schema(Connection& db) {
  auto tables = number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
  if (!tables) return std::move(tables).error();
  if (*tables == 0) return {};
  auto known = number(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'");
  if (!known) return std::move(known).error();
  if (*known == 0) {
    return make_error("database-foreign", "database " + db.path() + ": holds tables that gatehouse did not make",
                      "name another file in state.database_url");
  }
  auto version = current_version(db);
  if (!version) return std::move(version).error();
  if (*version <= kNewest) return {};
  return make_error("schema-newer",
                    "database " + db.path() + ": has schema " + std::to_string(*version) + ", this gatehouse knows up to " +
                        std::to_string(kNewest),
                    "run the later gatehouse that wrote it, or restore a backup from before its upgrade");
}

Status migrate(Connection& db, runtime::WallTime now) {
  auto made = db.execute(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
  if (!made) return made;
  auto version = current_version(db);
  if (!version) return std::move(version).error();
  for (const Migration& step : kMigrations) {
    if (step.version <= *version) continue;
    if (auto done = apply(db, step, now); !done) {
      return std::move(done).error().context("schema step " + std::to_string(step.version));
    }
    log::info("state", "state.schema.migrated", "database schema was brought up to date",
              {{"path", db.path()}, {"version", step.version}});
  }
  return {};
}

}  // namespace gatehouse::state
