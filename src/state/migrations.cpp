#include "migrations.h"

#include "gatehouse/base/log.h"
#include "gatehouse/state/open.h"

namespace gatehouse::state {

int schema_version() noexcept { return sqlite_migrations().back().version; }

Result<std::int64_t> applied_version(Session& session) {
  return session.number("SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM schema_migrations");
}

Status check_version(std::int64_t version, const std::string& name) {
  if (version <= schema_version()) return {};
  return make_error("schema-newer",
                    "database " + name + ": has schema " + std::to_string(version) + ", this gatehouse knows up to " +
                        std::to_string(schema_version()),
                    "run the later gatehouse that wrote it, or restore a backup from before its upgrade");
}

Status migrate(Session& session, std::span<const Migration> steps, const std::string& name, runtime::WallTime now) {
  auto version = applied_version(session);
  if (!version) return std::move(version).error();
  for (const Migration& step : steps) {
    if (step.version <= *version) continue;
    Status done = session.script(step.sql);
    if (done) {
      auto noted = session.run("INSERT INTO schema_migrations (version, name, applied_at) VALUES ($1, $2, $3)",
                               {std::int64_t{step.version}, step.name, now});
      if (!noted) done = std::move(noted).error();
    }
    if (!done) return std::move(done).error().context("schema step " + std::to_string(step.version));
    log::info("state", "state.schema.migrated", "database schema was brought up to date",
              {{"database", name}, {"version", step.version}});
  }
  return {};
}

}  // namespace gatehouse::state
