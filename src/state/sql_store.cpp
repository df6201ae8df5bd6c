// SqlStore: settings, audit, health of the database.
#include "sql_store.h"

#include <algorithm>
#include <limits>

namespace gatehouse::state {

namespace {

constexpr std::size_t kMaxAuditRows = 1000;

Result<std::optional<std::string>> find_setting(Session& session, std::string_view name) {
  auto rows = session.query("SELECT value FROM settings WHERE name = $1", [](const Row& row) { return row.text(0); }, {name});
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(rows->front()));
}

}  // namespace

Status SqlStore::ping() { return database_->ping(); }
Status SqlStore::check_integrity() { return database_->check_integrity(); }

Status SqlStore::try_write() {
  return commit([&](Session& session) -> Result<Mark> {
    auto stored = session.run("INSERT INTO settings (name, value) VALUES ('write_tried', $1)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                              {std::to_string(clock_.wall().time_since_epoch().count())});
    return stored ? Result<Mark>(Mark{0}) : std::move(stored).error();
  });
}

Result<std::optional<std::string>> SqlStore::setting(std::string_view name) {
  if (!is_storable(name)) return std::optional<std::string>();
  return read([&](Session& session) { return find_setting(session, name); });
}

Status SqlStore::put_setting(std::string_view name, std::string_view value, const Change& change) {
  return write(change, [&](Session& session) {
    return changed_one(session.run("INSERT INTO settings (name, value) VALUES ($1, $2)"
                                   " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                                   {name, value}),
                       "setting");
  });
}

Result<std::string> SqlStore::setting_or_store(std::string_view name, std::string_view value, const Change& change) {
  std::string stored;
  const Status done = commit([&](Session& session) -> Result<Mark> {
    auto added = session.run("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", {name, value});
    if (!added) return std::move(added).error();
    stored = value;
    if (added->changed == 1) return note(session, change);
    auto found = find_setting(session, name);
    if (!found) return std::move(found).error();
    if (!*found) return no_such("setting");
    stored = **std::move(found);
    return Mark{0};
  });
  if (!done) return done.error();
  return stored;
}

// Names in it may come from anybody: an audit row is never refused for its bytes.
Result<Mark> SqlStore::note(Session& session, const Change& change) {
  return session.number(
      "INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5) RETURNING id",
      {change.at, storable(change.actor), storable(change.action), storable(change.subject), storable(change.detail)});
}

Status SqlStore::append_audit(const Change& change) {
  return write(change, [](Session&) { return Status(); });
}

Result<std::vector<AuditEntry>> SqlStore::audit(std::int64_t before, std::size_t limit) {
  const auto read_entry = [](const Row& row) {
    return AuditEntry{row.integer(0), {row.time(1), row.text(2), row.text(3), row.text(4), row.text(5)}};
  };
  const std::int64_t below = before == 0 ? std::numeric_limits<std::int64_t>::max() : before;
  return read([&](Session& session) {
    return session.query("SELECT id, at, actor, action, subject, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
                         read_entry, {below, static_cast<std::int64_t>(std::min(limit, kMaxAuditRows))});
  });
}

}  // namespace gatehouse::state
