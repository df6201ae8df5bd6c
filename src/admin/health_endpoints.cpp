#include <algorithm>
#include <optional>

#include "endpoints.h"
#include "answers.h"

namespace gatehouse::admin {

namespace {

Json json_of(const std::vector<runtime::ModuleState>& modules) {
  Json list = Json::array();
  for (const runtime::ModuleState& module : modules) {
    list.push_back({{"name", module.name}, {"state", module.state}, {"reason", module.reason}});
  }
  return list;
}

Json json_of(const std::optional<RateView>& rate) {
  if (!rate) return nullptr;
  return {{"per_second", rate->per_second},
          {"errors", rate->errors ? Json(*rate->errors) : Json(nullptr)},
          {"p95_seconds", rate->p95_seconds ? Json(*rate->p95_seconds) : Json(nullptr)}};
}

Json json_of(const ListenerView& listener) {
  return {{"name", listener.name},
          {"address", listener.address},
          {"protocols", listener.protocols},
          {"tls", listener.tls},
          {"connections", listener.connections},
          {"rate", json_of(listener.rate)}};
}

Json json_of(const UpstreamView& upstream) {
  return {{"group", upstream.group},
          {"server", upstream.server},
          {"connections", upstream.connections},
          {"connect_failures", upstream.connect_failures}};
}

Json json_of(const McpServerView& server) {
  return {{"name", server.name},           {"transport", server.transport}, {"state", server.state},
          {"sessions", server.sessions},   {"processes", server.processes}, {"last_error", server.last_error},
          {"calls_per_minute", server.calls_per_minute ? Json(*server.calls_per_minute) : Json(nullptr)}};
}

Json json_of(const ServiceView& service) {
  return {{"name", service.name},
          {"state", service.state},
          {"why", service.why},
          {"container", text_or_null(service.container)},
          {"address", text_or_null(service.address)},
          {"health", text_or_null(service.health)},
          {"restarts", service.restarts},
          {"next_try_ms", service.next_try ? Json(service.next_try->count()) : Json(nullptr)},
          {"last_exit", text_or_null(service.last_exit)}};
}

template <class T>
Json list_of(const std::vector<T>& rows) {
  Json list = Json::array();
  for (const T& row : rows) list.push_back(json_of(row));
  return list;
}

}  // namespace

http::Response livez(const Call&) { return json_answer({{"status", "alive"}}); }

http::Response readyz(const Call& call) {
  const StatusView view = call.ports->status();
  const bool ready = view.state == "ready" && std::all_of(view.modules.begin(), view.modules.end(),
                                                          [](const runtime::ModuleState& module) { return module.ready(); });
  return json_answer({{"status", ready ? "ready" : "not_ready"}, {"modules", json_of(view.modules)}}, ready ? 200 : 503);
}

// Anybody may ask: slugs of errors, no paths and no names. Degraded is 200: requests are answered, changes are not stored.
http::Response health(const Call& call) {
  state::Store& store = *call.ports->store;
  const StatusView view = call.ports->status();
  std::string database = "ok";
  if (const Status answers = store.ping(); !answers) database = answers.error().slug;
  const auto templates = store.templates();
  const auto instances = store.instances();
  if (database == "ok" && !templates) database = templates.error().slug;
  if (database == "ok" && !instances) database = instances.error().slug;
  const bool healthy = database == "ok" && view.state != "failed";
  const std::string trouble = store.write_health().trouble;
  const bool degraded = healthy && !trouble.empty();
  if (degraded) database = trouble;
  Json answer{{"status", degraded ? "degraded" : healthy ? "healthy" : "unhealthy"},
              {"database", database},
              {"templates", nullptr},
              {"instances", nullptr},
              {"uptime", view.uptime_seconds}};
  if (templates) answer["templates"] = templates->size();
  if (instances) {
    const auto count = [&](std::string_view state) {
      return std::count_if(instances->begin(), instances->end(), [&](const auto& row) { return row.status == state; });
    };
    answer["instances"] = {{"total", instances->size()}, {"healthy", count("healthy")}, {"unhealthy", count("unhealthy")}};
  }
  return json_answer(answer, healthy ? 200 : 503);
}

http::Response metrics_page(const Call& call) {
  return {.status = 200, .content_type = "text/plain; version=0.0.4; charset=utf-8", .body = call.ports->metrics->render(),
          .headers = {}};
}

http::Response status(const Call& call) {
  const StatusView view = call.ports->status();
  return json_answer({{"version", view.version},
                      {"state", view.state},
                      {"uptime_seconds", view.uptime_seconds},
                      {"profiles", view.profiles},
                      {"config", {{"file", text_or_null(view.config_file)},
                                  {"loaded_at", rfc3339(view.loaded_at)},
                                  {"ok", view.config_ok},
                                  {"restart_pending", view.restart_pending}}},
                      {"workers", view.workers},
                      {"listeners", list_of(view.listeners)},
                      {"upstreams", list_of(view.upstreams)},
                      {"mcp_servers", list_of(view.mcp_servers)},
                      {"services", list_of(view.services)},
                      {"certificates", certificates_json(call.ports->certificates())},
                      {"modules", json_of(view.modules)}});
}

http::Response plan(const Call& call) {
  return {.status = 200, .content_type = "application/json", .body = call.ports->plan(), .headers = {}};
}

}  // namespace gatehouse::admin
