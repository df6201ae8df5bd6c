// SqlStore: templates and instances of MCP servers.
#include "lists.h"
#include "sql_store.h"

namespace gatehouse::state {

namespace {

#define INSTANCE_COLUMNS                                                                                              \
  "id, template_name, transport, endpoint, command, working_directory, backend, container_id, deployment_id, "        \
  "metadata, sealed_environment, status, consecutive_failures, last_health_check, is_active, created_at, updated_at, " \
  "namespace"

// The command is a JSON array still, see with_command().
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
  instance.name_space = row.text(17);
  return stored;
}

std::string instance_called(std::string_view id) { return "instance '" + std::string(id) + "'"; }
std::string template_called(std::string_view name) { return "template '" + std::string(name) + "'"; }

Result<ServerInstance> with_command(StoredInstance stored) {
  auto command = from_json_array(stored.command);
  if (!command) return make_error("database-corrupt", "the command of " + instance_called(stored.row.id) + " is no list of texts");
  stored.row.command = *std::move(command);
  return std::move(stored.row);
}

// Not a CHECK of the table: SQLite does not let a schema that it does not trust call json_valid().
Status check_metadata(const ServerInstance& row) {
  if (is_json(row.metadata)) return {};
  return make_error("bad-request", "metadata of " + instance_called(row.id) + " is not JSON");
}

}  // namespace

Status SqlStore::put_template(const ServerTemplate& row, const Change& change) {
  return write(change, [&](Session& session) {
    auto answer = session.run(
        "INSERT INTO server_templates (name, description, strategy, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (name) DO UPDATE SET description = excluded.description, strategy = excluded.strategy,"
        " updated_at = excluded.updated_at",
        {row.name, row.description, row.strategy, row.created, row.updated});
    return changed_one(std::move(answer), template_called(row.name));
  });
}

Status SqlStore::remove_template(std::string_view name, const Change& change) {
  return write(change, [&](Session& session) {
    return changed_one(session.run("DELETE FROM server_templates WHERE name = $1", {name}), template_called(name));
  });
}

Result<std::vector<ServerTemplate>> SqlStore::templates() {
  return read([](Session& session) {
    return session.query("SELECT name, description, strategy, created_at, updated_at FROM server_templates ORDER BY name",
                         [](const Row& row) {
                           return ServerTemplate{row.text(0), row.text(1), row.text(2), row.time(3), row.time(4)};
                         });
  });
}

Status SqlStore::add_instance(const ServerInstance& row, const Change& change) {
  if (auto fine = check_metadata(row); !fine) return fine;
  return write(change, [&](Session& session) -> Status {
    auto done = session.run("INSERT INTO server_instances (" INSTANCE_COLUMNS
                            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
                            {row.id, row.template_name, row.transport, row.endpoint, to_json_array(row.command),
                             row.working_directory, row.backend, row.container_id, row.deployment_id, row.metadata,
                             Blob{row.sealed_environment}, row.status, row.consecutive_failures, row.last_health_check,
                             row.active, row.created, row.updated, row.name_space});
    if (done) return {};
    if (done.error().slug == "conflict") return make_error("conflict", instance_called(row.id) + " exists already");
    if (done.error().slug == "not-found") return no_such(template_called(row.template_name));
    return std::move(done).error();
  });
}

Status SqlStore::update_instance(const ServerInstance& row, const Change& change) {
  if (auto fine = check_metadata(row); !fine) return fine;
  return write(change, [&](Session& session) {
    auto answer = session.run(
        "UPDATE server_instances SET transport = $1, endpoint = $2, command = $3, working_directory = $4, backend = $5,"
        " container_id = $6, deployment_id = $7, metadata = $8, sealed_environment = $9, status = $10,"
        " consecutive_failures = $11, last_health_check = $12, is_active = $13, updated_at = $14, namespace = $15 WHERE id = $16",
        {row.transport, row.endpoint, to_json_array(row.command), row.working_directory, row.backend, row.container_id,
         row.deployment_id, row.metadata, Blob{row.sealed_environment}, row.status, row.consecutive_failures,
         row.last_health_check, row.active, row.updated, row.name_space, row.id});
    return changed_one(std::move(answer), instance_called(row.id));
  });
}

Status SqlStore::remove_instance(std::string_view template_name, std::string_view id, const Change& change) {
  return write(change, [&](Session& session) {
    auto answer = session.run("DELETE FROM server_instances WHERE template_name = $1 AND id = $2", {template_name, id});
    return changed_one(std::move(answer), instance_called(id));
  });
}

Result<ServerInstance> SqlStore::instance(std::string_view id) {
  if (!is_storable(id)) return no_such("instance");
  auto stored = read([&](Session& session) {
    return only(session.query("SELECT " INSTANCE_COLUMNS " FROM server_instances WHERE id = $1", read_instance, {id}),
                instance_called(id));
  });
  if (!stored) return std::move(stored).error();
  return with_command(*std::move(stored));
}

Result<std::vector<ServerInstance>> SqlStore::instances() {
  auto stored = read([](Session& session) {
    return session.query("SELECT " INSTANCE_COLUMNS " FROM server_instances ORDER BY template_name, id", read_instance);
  });
  if (!stored) return std::move(stored).error();
  std::vector<ServerInstance> instances;
  instances.reserve(stored->size());
  for (StoredInstance& one : *stored) {
    auto whole = with_command(std::move(one));
    if (!whole) return std::move(whole).error();
    instances.push_back(*std::move(whole));
  }
  return instances;
}

Status SqlStore::record_health(std::string_view id, std::string_view status, std::int64_t consecutive_failures, WallTime at) {
  return commit([&](Session& session) -> Result<Mark> {
    auto answer = session.run(
        "UPDATE server_instances SET status = $1, consecutive_failures = $2, last_health_check = $3 WHERE id = $4",
        {status, consecutive_failures, at, id});
    auto done = changed_one(std::move(answer), instance_called(id));
    return done ? Result<Mark>(Mark{0}) : Result<Mark>(std::move(done).error());
  });
}

}  // namespace gatehouse::state
