#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "answers.h"
#include "endpoints.h"
#include "instance_input.h"

namespace gatehouse::admin {

namespace {

struct Rows {
  std::vector<state::ServerTemplate> templates;
  std::vector<state::ServerInstance> instances;
};

Result<Rows> read_rows(state::Store& store) {
  auto templates = store.templates();
  if (!templates) return std::move(templates).error();
  auto instances = store.instances();
  if (!instances) return std::move(instances).error();
  return Rows{*std::move(templates), *std::move(instances)};
}

struct Counts {
  std::size_t total = 0, healthy = 0, unhealthy = 0;
};

Counts count(const std::vector<state::ServerInstance>& instances, const std::string* of_template = nullptr) {
  Counts counts;
  for (const state::ServerInstance& row : instances) {
    if (of_template != nullptr && row.template_name != *of_template) continue;
    ++counts.total;
    if (row.status == "healthy") ++counts.healthy;
    if (row.status == "unhealthy") ++counts.unhealthy;
  }
  return counts;
}

// Not the environment: it may hold secrets, and nobody needs to read them back.
Json json_of(const state::ServerInstance& row) {
  const Json metadata = Json::parse(row.metadata, nullptr, false);
  return {{"id", row.id},
          {"template_name", row.template_name},
          {"endpoint", text_or_null(row.endpoint)},
          {"command", row.command.empty() ? Json(nullptr) : Json(row.command)},
          {"transport", row.transport},
          {"status", row.status},
          {"backend", text_or_null(row.backend)},
          {"container_id", text_or_null(row.container_id)},
          {"deployment_id", text_or_null(row.deployment_id)},
          {"namespace", text_or_null(row.name_space)},
          {"working_dir", text_or_null(row.working_directory)},
          {"last_health_check", row.last_health_check ? Json(rfc3339(*row.last_health_check)) : Json(nullptr)},
          {"consecutive_failures", row.consecutive_failures},
          {"is_active", row.active},
          {"metadata", metadata},
          {"instance_metadata", metadata},
          {"created_at", rfc3339(row.created)},
          {"updated_at", rfc3339(row.updated)}};
}

// The sum of a family on the metrics page; nothing when the family is not there.
std::optional<double> sum_of_family(std::string_view page, std::string_view family) {
  std::optional<double> sum;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    if (!line.starts_with(family) || line.size() == family.size()) continue;
    const char next = line[family.size()];
    if (next != '{' && next != ' ') continue;
    const std::size_t space = line.rfind(' ');
    double value = 0;
    if (std::from_chars(line.data() + space + 1, line.data() + line.size(), value).ec == std::errc()) sum = sum.value_or(0) + value;
  }
  return sum;
}

Json latest_check(const std::vector<state::ServerInstance>& instances) {
  std::optional<runtime::WallTime> latest;
  for (const state::ServerInstance& row : instances) latest = std::max(latest, row.last_health_check);
  return latest ? Json(rfc3339(*latest)) : Json(nullptr);
}

state::Change change(const Call& call, std::string_view action, const state::ServerInstance& row) {
  return {.at = call.ports->clock->wall(), .actor = call.identity.actor(), .action = std::string(action),
          .subject = "instance:" + row.id, .detail = "template=" + row.template_name};
}

Status store_instance(const Call& call, state::ServerInstance& row) {
  state::Store& store = *call.ports->store;
  row.created = row.updated = call.ports->clock->wall();
  if (store.instance(row.id)) return make_error("conflict", "instance '" + row.id + "' exists already");
  auto templates = store.templates();
  if (!templates) return std::move(templates).error();
  const bool known = std::any_of(templates->begin(), templates->end(), [&](const auto& t) { return t.name == row.template_name; });
  if (!known) {
    state::ServerTemplate fresh;
    fresh.name = row.template_name;
    fresh.created = fresh.updated = row.created;
    auto change_of_template = change(call, "template.created", row);
    change_of_template.subject = "template:" + row.template_name;
    if (Status made = store.put_template(fresh, change_of_template); !made) return made;
  }
  return store.add_instance(row, change(call, "instance.registered", row));
}

}  // namespace

http::Response stats(const Call& call) {
  auto rows = read_rows(*call.ports->store);
  if (!rows) return error_answer(rows.error(), call.request_id);
  const StatusView view = call.ports->status();
  std::uint64_t connections = 0;
  for (const ListenerView& listener : view.listeners) connections += listener.connections;
  Json upstreams = Json::object();
  for (const UpstreamView& upstream : view.upstreams) upstreams[upstream.group + "/" + upstream.server] = upstream.connections;
  Json templates = Json::object();
  for (const state::ServerTemplate& row : rows->templates) {
    const Counts counts = count(rows->instances, &row.name);
    templates[row.name] = {{"total_instances", counts.total},
                           {"healthy_instances", counts.healthy},
                           {"load_balancer_strategy", row.strategy}};
  }
  const auto requests = sum_of_family(call.ports->metrics->render(), "gatehouse_http_request_duration_seconds_count");
  return json_answer({{"total_requests", requests ? Json(static_cast<std::uint64_t>(*requests)) : Json(nullptr)},
                      {"active_connections", connections},
                      {"templates", templates},
                      {"load_balancer", {{"requests_per_instance", nullptr}, {"active_connections", upstreams}}},
                      {"health_checker",
                       {{"running", false}, {"check_interval", nullptr}, {"last_check", latest_check(rows->instances)}}}});
}

http::Response registry(const Call& call) {
  auto rows = read_rows(*call.ports->store);
  if (!rows) return error_answer(rows.error(), call.request_id);
  Json templates = Json::object();
  for (const state::ServerTemplate& row : rows->templates) {
    templates[row.name] = {{"description", text_or_null(row.description)},
                           {"load_balancer", {{"strategy", row.strategy}}},
                           {"instances", Json::array()},
                           {"created_at", rfc3339(row.created)},
                           {"updated_at", rfc3339(row.updated)}};
  }
  for (const state::ServerInstance& row : rows->instances) templates[row.template_name]["instances"].push_back(json_of(row));
  const Counts counts = count(rows->instances);
  return json_answer({{"total_templates", rows->templates.size()},
                      {"total_instances", counts.total},
                      {"healthy_instances", counts.healthy},
                      {"unhealthy_instances", counts.unhealthy},
                      {"templates", templates}});
}

http::Response sync_registry(const Call& call) {
  if (const Status read = call.ports->accounts->refresh(); !read) return error_answer(read.error(), call.request_id);
  auto rows = read_rows(*call.ports->store);
  if (!rows) return error_answer(rows.error(), call.request_id);
  return json_answer({{"message", "Registry read again"},
                      {"templates", rows->templates.size()},
                      {"instances", rows->instances.size()}});
}

http::Response list_templates(const Call& call) {
  auto templates = call.ports->store->templates();
  if (!templates) return error_answer(templates.error(), call.request_id);
  Json names = Json::array();
  for (const state::ServerTemplate& row : *templates) names.push_back(row.name);
  return json_answer({{"templates", names}});
}

http::Response add_instance(const Call& call) {
  auto read = read_instance(call);
  if (!read) return error_answer(read.error(), call.request_id);
  state::ServerInstance row = *std::move(read);
  if (const Status stored = store_instance(call, row); !stored) return error_answer(stored.error(), call.request_id);
  return json_answer(json_of(row));
}

http::Response remove_instance(const Call& call) {
  state::ServerInstance row;
  row.template_name = call.params[0];
  row.id = call.params[1];
  const Status removed =
      call.ports->store->remove_instance(row.template_name, row.id, change(call, "instance.deregistered", row));
  if (!removed) return error_answer(removed.error(), call.request_id);
  return json_answer({{"message", "Instance deregistered successfully"}});
}

}  // namespace gatehouse::admin
