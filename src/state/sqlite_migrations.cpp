#include "migrations.h"
#include "sqlite_migrations.h"

namespace gatehouse::state {

namespace {

// Times are microseconds since 1970-01-01 UTC.
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
    {2, "namespace of an instance", "ALTER TABLE server_instances ADD COLUMN namespace TEXT NOT NULL DEFAULT ''"},
};

}  // namespace

std::span<const Migration> sqlite_migrations() { return kMigrations; }

Status check_sqlite_schema(SqliteConnection& db) {
  auto tables = db.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table'");
  if (!tables) return std::move(tables).error();
  if (*tables == 0) return {};
  auto known = db.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'");
  if (!known) return std::move(known).error();
  if (*known == 0) {
    return make_error("database-foreign", "database " + db.path() + ": holds tables that gatehouse did not make",
                      "name another file in state.database_url");
  }
  auto version = applied_version(db);
  if (!version) return std::move(version).error();
  return check_version(*version, db.path());
}

Status migrate_sqlite(SqliteConnection& db, runtime::WallTime now) {
  auto made = db.script(
      "CREATE TABLE IF NOT EXISTS schema_migrations ("
      "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
  return made ? migrate(db, kMigrations, db.path(), now) : made;
}

}  // namespace gatehouse::state
