// SqliteStore: templates and instances of MCP servers.
#include "lists.h"
#include "sqlite_store.h"

namespace gatehouse::state {

namespace {

#define INSTANCE_COLUMNS                                                                                              \
  "id, template_name, transport, endpoint, command, working_directory, backend, container_id, deployment_id, "        \
  "metadata, sealed_environment, status, consecutive_failures, last_health_check, is_active, created_at, updated_at"

// The command is a JSON array still; with_command() takes it apart.
struct StoredInstance {
  ServerInstance row;
  std::string command;
};

StoredInstance read_instance(const Row& row) {
  StoredInstance stored;
  ServerInstance& instance = stored.row;
  instance.id = row.text(0);
  instance.template_name = row.text(1);
  instance.transport = row.text(2);
  instance.endpoint = row.text(3);
  stored.command = row.text(4);
  instance.working_directory = row.text(5);
  instance.backend = row.text(6);
  instance.container_id = row.text(7);
  instance.deployment_id = row.text(8);
  instance.metadata = row.text(9);
  instance.sealed_environment = row.text(10);
  instance.status = row.text(11);
  instance.consecutive_failures = row.integer(12);
  instance.last_health_check = row.optional_time(13);
  instance.active = row.flag(14);
  instance.created = row.time(15);
  instance.updated = row.time(16);
  return stored;
}

std::string instance_called(std::string_view id) { return "instance '" + std::string(id) + "'"; }
std::string template_called(std::string_view name) { return "template '" + std::string(name) + "'"; }

}  // namespace

Status SqliteStore::put_template(const ServerTemplate& row, const Change& change) {
  return write(change, [&] {
    auto done = db_->run(
        "INSERT INTO server_templates (name, description, strategy, created_at, updated_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET description = excluded.description, strategy = excluded.strategy,"
        " updated_at = excluded.updated_at",
        row.name, row.description, row.strategy, row.created, row.updated);
    return changed_one(std::move(done), template_called(row.name));
  });
}

Status SqliteStore::remove_template(std::string_view name, const Change& change) {
  return write(change, [&] {
    return changed_one(db_->run("DELETE FROM server_templates WHERE name = ?", name), template_called(name));
  });
}

Result<std::vector<ServerTemplate>> SqliteStore::templates() {
  const std::lock_guard lock(mutex_);
  return db_->query("SELECT name, description, strategy, created_at, updated_at FROM server_templates ORDER BY name",
                    [](const Row& row) {
                      return ServerTemplate{row.text(0), row.text(1), row.text(2), row.time(3), row.time(4)};
                    });
}

// Not a CHECK of the table: SQLite does not let a schema that it does not trust call json_valid().
Status SqliteStore::check_metadata(const ServerInstance& row) {
  auto valid = db_->query("SELECT json_valid(?)", [](const Row& answer) { return answer.flag(0); }, row.metadata);
  if (!valid) return std::move(valid).error();
  if (valid->front()) return {};
  return make_error("bad-request", "metadata of " + instance_called(row.id) + " is not JSON");
}

Status SqliteStore::add_instance(const ServerInstance& row, const Change& change) {
  return write(change, [&]() -> Status {
    if (auto fine = check_metadata(row); !fine) return fine;
    auto done = db_->run("INSERT INTO server_instances (" INSTANCE_COLUMNS
                         ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                         row.id, row.template_name, row.transport, row.endpoint, to_json_array(row.command),
                         row.working_directory, row.backend, row.container_id, row.deployment_id, row.metadata,
                         Blob{row.sealed_environment}, row.status, row.consecutive_failures, row.last_health_check,
                         row.active, row.created, row.updated);
    if (done) return {};
    if (done.error().slug == "conflict") return make_error("conflict", instance_called(row.id) + " exists already");
    if (done.error().slug == "not-found") {
      return make_error("not-found", template_called(row.template_name) + " does not exist");
    }
    return std::move(done).error();
  });
}

Status SqliteStore::update_instance(const ServerInstance& row, const Change& change) {
  return write(change, [&]() -> Status {
    if (auto fine = check_metadata(row); !fine) return fine;
    auto done = db_->run(
        "UPDATE server_instances SET transport = ?, endpoint = ?, command = ?, working_directory = ?, backend = ?,"
        " container_id = ?, deployment_id = ?, metadata = ?, sealed_environment = ?, status = ?,"
        " consecutive_failures = ?, last_health_check = ?, is_active = ?, updated_at = ? WHERE id = ?",
        row.transport, row.endpoint, to_json_array(row.command), row.working_directory, row.backend, row.container_id,
        row.deployment_id, row.metadata, Blob{row.sealed_environment}, row.status, row.consecutive_failures,
        row.last_health_check, row.active, row.updated, row.id);
    return changed_one(std::move(done), instance_called(row.id));
  });
}

Status SqliteStore::remove_instance(std::string_view template_name, std::string_view id, const Change& change) {
  return write(change, [&] {
    auto done = db_->run("DELETE FROM server_instances WHERE template_name = ? AND id = ?", template_name, id);
    return changed_one(std::move(done), instance_called(id));
  });
}

Result<ServerInstance> SqliteStore::with_command(ServerInstance row, std::string_view command) {
  auto items = db_->query("SELECT value FROM json_each(?) ORDER BY key", [](const Row& item) { return item.text(0); },
                          command);
  if (!items) return std::move(items).error();
  row.command = *std::move(items);
  return row;
}

Result<ServerInstance> SqliteStore::instance(std::string_view id) {
  const std::lock_guard lock(mutex_);
  auto stored = only(db_->query("SELECT " INSTANCE_COLUMNS " FROM server_instances WHERE id = ?", read_instance, id),
                     instance_called(id));
  if (!stored) return std::move(stored).error();
  return with_command(std::move(stored->row), stored->command);
}

Result<std::vector<ServerInstance>> SqliteStore::instances() {
  const std::lock_guard lock(mutex_);
  auto stored = db_->query("SELECT " INSTANCE_COLUMNS " FROM server_instances ORDER BY template_name, id", read_instance);
  if (!stored) return std::move(stored).error();
  std::vector<ServerInstance> instances;
  instances.reserve(stored->size());
  for (StoredInstance& one : *stored) {
    auto whole = with_command(std::move(one.row), one.command);
    if (!whole) return std::move(whole).error();
    instances.push_back(*std::move(whole));
  }
  return instances;
}

Status SqliteStore::record_health(std::string_view id, std::string_view status, std::int64_t consecutive_failures,
                                  WallTime at) {
  const std::lock_guard lock(mutex_);
  auto done = db_->run(
      "UPDATE server_instances SET status = ?, consecutive_failures = ?, last_health_check = ? WHERE id = ?", status,
      consecutive_failures, at, id);
  return changed_one(std::move(done), instance_called(id));
}

}  // namespace gatehouse::state
