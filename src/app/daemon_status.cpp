#include <numeric>

#include "daemon_state.h"
#include "gatehouse/base/build.h"
#include "gatehouse/base/log.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::app {

namespace {

std::string label(const metrics::Labels& labels, std::string_view name) {
  for (const auto& [key, value] : labels)
    if (key == name) return value;
  return {};
}

std::string listener_key(const std::string& name) { return "listener " + name; }
std::string server_key(const std::string& name) { return "mcp " + name; }

double seconds_of(runtime::WallTime time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }

std::optional<double> optional_seconds(const std::optional<runtime::WallTime>& time) {
  return time ? std::optional(seconds_of(*time)) : std::nullopt;
}

// What dashboards and alert rules of the earlier platform read. Its `status` was a number; the class matches "5.." as well.
void declare_compatible_metrics(metrics::Registry& registry) {
  using metrics::Labels;
  using Wanted = std::optional<Labels>;
  registry.derived_counter("http_requests_total", "Requests by class of status (name of the earlier platform).",
                           "gatehouse_http_request_duration_seconds", [](const Labels& l) -> Wanted { return Labels{{"status", label(l, "code")}}; });
  registry.derived_histogram("http_request_duration_seconds", "Duration of requests (name of the earlier platform).",
                             "gatehouse_http_request_duration_seconds", [](const Labels&) -> Wanted { return Labels{}; });
  const auto by_tool = [](const Labels& l) { return Labels{{"deployment", label(l, "server")}, {"tool", label(l, "tool")}}; };
  registry.derived_counter("mcp_tool_calls_total", "Tool calls (name of the earlier platform).", "gatehouse_mcp_tool_calls_total",
                           [by_tool](const Labels& l) -> Wanted { return by_tool(l); });
  registry.derived_counter("gateway_requests_total", "Requests to MCP servers (name of the earlier platform).", "gatehouse_mcp_requests_total",
                           [](const Labels& l) -> Wanted { return Labels{{"template", label(l, "server")}, {"method", label(l, "method")}}; });
  registry.derived_counter("gateway_lb_selections", "Requests sent to upstream servers (name of the earlier platform).",
                           "gatehouse_upstream_requests_total",
                           [](const Labels& l) -> Wanted { return Labels{{"strategy", "round_robin"}, {"instance", label(l, "server")}}; });
  registry.derived_counter("mcp_tool_errors_total", "Tool calls that failed (name of the earlier platform).", "gatehouse_mcp_tool_calls_total",
                           [by_tool](const Labels& l) -> Wanted { return label(l, "result") == "ok" ? Wanted() : by_tool(l); });
  registry.derived_histogram("mcp_tool_duration_seconds", "Time of a tool call (name of the earlier platform).",
                             "gatehouse_mcp_tool_duration_seconds", [](const Labels& l) -> Wanted { return Labels{{"deployment", label(l, "server")}}; });
}

}  // namespace

void Daemon::declare_metrics() {
  if (configuration_.metrics_compat) declare_compatible_metrics(registry_);
  metrics::add_process_metrics(registry_, version(), revision());
  for (std::size_t i = 0; i < loops_.size(); ++i)
    loop_lag_.push_back(registry_.histogram("gatehouse_loop_lag_seconds", "Longest turn of an event loop between two heartbeats.",
                                            {{"loop", std::to_string(i)}}));
  registry_.counter_function("gatehouse_log_lines_dropped_total", "Log lines lost because the reader was too slow.", {},
                             [] { return static_cast<double>(log::dropped_lines()); });
  registry_.counter_function("gatehouse_state_writes_failed_total", "Changes that could not be stored.", {},
                             [this] { return static_cast<double>(store_->write_health().failures); });
  registry_.gauge("gatehouse_child_processes", "Child processes alive.", {},
                  [] { return static_cast<double>(runtime::live_processes()); });
  registry_.gauge("gatehouse_config_last_reload_successful", "1 when the last load of the configuration succeeded.", {},
                  [this] { const std::lock_guard lock(mutex_); return config_ok_ ? 1.0 : 0.0; });
  registry_.gauge("gatehouse_config_last_reload_success_timestamp_seconds", "When the configuration in use was loaded.", {}, [this] {
    const std::lock_guard lock(mutex_);
    return std::chrono::duration<double>(loaded_at_.time_since_epoch()).count();
  });
  registry_.gauges("gatehouse_connections", "Open client connections.", [this] {
    metrics::Registry::Series series;
    for (const auto& listener : server_->listeners())
      series.push_back({{{"listener", listener.name}}, static_cast<double>(listener.connections)});
    return series;
  });
  registry_.gauges("gatehouse_certificate_not_after_timestamp_seconds", "When a certificate expires.", [this] {
    metrics::Registry::Series series;
    for (const admin::CertificateView& one : certificates_view().certificates)
      if (one.not_after != runtime::WallTime{})
        series.push_back({{{"name", one.names.front()}, {"source", one.source}}, seconds_of(one.not_after)});
    return series;
  });
  registry_.gauges("gatehouse_certificate_watch_ok", "1 when another server's certificate is trusted and not about to expire.", [this] {
    metrics::Registry::Series series;
    for (const admin::CertificateView& one : watch_->view()) series.push_back({{{"name", one.names.front()}}, one.state == "OK" ? 1.0 : 0.0});
    return series;
  });
  registry_.gauges("gatehouse_certificate_renewal_timestamp_seconds", "When a certificate will be renewed.", [this] {
    metrics::Registry::Series series;
    for (const admin::CertificateView& one : certificates_view().certificates)
      if (one.renewal != runtime::WallTime{}) series.push_back({{{"name", one.names.front()}}, seconds_of(one.renewal)});
    return series;
  });
  registry_.gauges("gatehouse_certificate_failures", "Attempts to get a certificate that failed since the last success.", [this] {
    metrics::Registry::Series series;
    for (const admin::CertificateView& one : certificates_view().certificates)
      if (one.source == "acme") series.push_back({{{"name", one.names.front()}}, static_cast<double>(one.failures)});
    return series;
  });
  declare_mcp_metrics();
  declare_service_metrics();
  declare_backup_metrics();
  declare_usage_metrics();
  registry_.gauges("gatehouse_module_state", "1 for the state that a module is in.", [this] {
    metrics::Registry::Series series;
    for (const auto& module : modules()) series.push_back({{{"module", module.name}, {"state", module.state}}, 1.0});
    return series;
  });
}

// Only clients of the revisions before 2026-07-28 have sessions.
void Daemon::declare_mcp_metrics() {
  registry_.gauges("gatehouse_mcp_sessions", "MCP sessions open.", [this] {
    metrics::Registry::Series series;
    for (const mcp::ServerStatus& one : gateway_->status())
      series.push_back({{{"server", one.name}, {"era", "legacy"}}, static_cast<double>(one.sessions)});
    return series;
  });
  if (!configuration_.metrics_compat) return;
  const auto works = [this](const char* label) {
    metrics::Registry::Series series;
    for (const mcp::ServerStatus& one : gateway_->status()) series.push_back({{{label, one.name}}, one.last_error.empty() ? 1.0 : 0.0});
    return series;
  };
  registry_.gauges("gateway_instances_healthy", "MCP servers whose last call or start succeeded (name of the earlier platform).",
                   [works] { return works("template"); });
  registry_.gauges("mcp_deployment_status", "1 when the last call or start of an MCP server succeeded (name of the earlier platform).",
                   [works] { return works("deployment"); });
}

void Daemon::declare_backup_metrics() {
  using backup::Standing;
  const auto of_each = [this](std::optional<double> (*read)(const Standing&)) {
    return [this, read] {
      metrics::Registry::Series series;
      for (const auto& [target, standing] : backups_->view())
        if (const auto value = read(standing)) series.push_back({{{"service", target}}, *value});
      return series;
    };
  };
  registry_.gauges("gatehouse_backup_last_success_timestamp_seconds", "When the newest good backup was begun.",
                   of_each([](const Standing& s) { return optional_seconds(s.last_success); }));
  registry_.gauges("gatehouse_backup_last_verified_timestamp_seconds", "When a backup was last restored in a drill that passed.",
                   of_each([](const Standing& s) { return optional_seconds(s.last_drill); }));
  registry_.gauges("gatehouse_backup_size_bytes", "Size of the newest good backup.", of_each([](const Standing& s) {
    return s.last_success ? std::optional(static_cast<double>(s.bytes)) : std::nullopt;
  }));
  registry_.gauges("gatehouse_backup_failures", "Backups that failed since the daemon started.",
                   of_each([](const Standing& s) { return std::optional(static_cast<double>(s.failures)); }));
}

// From the files of control groups, at each scrape.
void Daemon::declare_usage_metrics() {
  using engine::Consumption;
  using Number = std::optional<std::int64_t>;
  const auto of_each = [this](Number (*read)(const Consumption&), double unit) {
    return [this, read, unit] {
      metrics::Registry::Series series;
      for (const auto& [service, process] : supervision_->processes()) {
        const auto used = engine::consumption_of(process);
        if (const Number value = used ? read(*used) : Number()) series.push_back({{{"service", service}}, static_cast<double>(*value) * unit});
      }
      return series;
    };
  };
  registry_.counters("gatehouse_service_cpu_seconds_total", "CPU time that a supervised service has used since it started.",
                     of_each([](const Consumption& c) { return c.usage.cpu_usec; }, 1e-6));
  registry_.gauges("gatehouse_service_memory_bytes", "Memory in use by a supervised service, without what can be dropped at once.",
                   of_each([](const Consumption& c) { return c.usage.memory; }, 1));
  registry_.gauges("gatehouse_service_memory_limit_bytes", "Memory that a supervised service may use.",
                   of_each([](const Consumption& c) { return c.limits.memory.value_or(0) > 0 ? c.limits.memory : Number(); }, 1));
  registry_.gauges("gatehouse_service_cpu_limit_cores", "CPUs that a supervised service may use.",
                   of_each([](const Consumption& c) { return c.limits.milli_cpus.value_or(0) > 0 ? c.limits.milli_cpus : Number(); }, 1e-3));
  registry_.counters("gatehouse_service_log_lines_dropped_total", "Lines of a container that were left out of the log because there were too many.", [this] {
    metrics::Registry::Series series;
    for (const auto& [service, lines] : supervision_->dropped_lines()) series.push_back({{{"service", service}}, static_cast<double>(lines)});
    return series;
  });
  registry_.gauges("gatehouse_service_processes", "Processes and threads of a supervised service.", of_each([](const Consumption& c) { return c.usage.pids; }, 1));
  registry_.counters("gatehouse_service_cpu_throttled_periods_total", "Periods in which a supervised service had to wait because of its CPU limit.",
                     of_each([](const Consumption& c) { return c.usage.throttled; }, 1));
}

void Daemon::declare_service_metrics() {
  registry_.gauges("gatehouse_service_state", "1 for the state that a supervised service is in.", [this] {
    metrics::Registry::Series series;
    for (const supervisor::ServiceStatus& one : supervision_->status())
      series.push_back({{{"service", one.name}, {"state", std::string(supervisor::to_string(one.state))}}, 1.0});
    return series;
  });
  registry_.gauges("gatehouse_service_up", "1 when a supervised service runs and is healthy.", [this] {
    metrics::Registry::Series series;
    for (const supervisor::ServiceStatus& one : supervision_->status()) series.push_back({{{"service", one.name}}, one.serves ? 1.0 : 0.0});
    return series;
  });
  registry_.gauges("gatehouse_service_restarts", "Restarts of a supervised service since the daemon started.", [this] {
    metrics::Registry::Series series;
    for (const supervisor::ServiceStatus& one : supervision_->status())
      series.push_back({{{"service", one.name}}, static_cast<double>(one.restarts)});
    return series;
  });
}

// Of files and authorities, with what is known of the latter, and of other servers that are watched. Any thread.
admin::CertificatesView Daemon::certificates_view() const {
  admin::CertificatesView view = certificates_->view();
  issuing_->complete(view);
  for (admin::CertificateView& one : watch_->view()) view.certificates.push_back(std::move(one));
  return view;
}

std::vector<runtime::ModuleState> Daemon::modules() {
  const std::string phase = stopping_ ? "stopping" : ready_ ? "healthy" : "starting";
  std::vector<runtime::ModuleState> list;
  list.push_back({"edge", phase, stopping_ ? "draining" : ""});
  const Status pinged = store_->ping();
  const std::string trouble = store_->write_health().trouble;
  const bool changes = pinged && trouble.empty();
  // Anybody may read them: slugs of errors, no paths.
  if (!pinged) list.push_back({"state", "failed", "the database does not answer: " + pinged.error().slug});
  else list.push_back({"state", changes ? "healthy" : "degraded", changes ? "" : "changes cannot be stored: " + trouble});
  list.push_back({"access", changes ? "healthy" : "degraded", changes ? "" : "keys are checked, changes are not possible"});
  list.push_back({"mcp", phase, ""});
  if (const auto services = supervision_->state()) list.push_back(*services);
  return list;
}

std::string Daemon::overall_state(const std::vector<runtime::ModuleState>& modules) const {
  if (stopping_) return "stopping";
  for (const auto& module : modules)
    if (!module.ready()) return module.state;
  return "ready";
}

// Of everything that has a rate.
Rates::Sample Daemon::totals() {
  Rates::Sample sample;
  for (const edge::ListenerStatus& one : server_->listeners()) {
    Totals& totals = sample[listener_key(one.name)];
    totals.errors = one.errors;
    totals.durations = one.durations;
    totals.requests = std::accumulate(one.durations.begin(), one.durations.end(), std::uint64_t{0});
  }
  for (const mcp::ServerStatus& one : gateway_->status()) sample[server_key(one.name)].requests = one.calls;
  return sample;
}

admin::StatusView Daemon::status() {
  admin::StatusView view;
  view.version = version();
  view.uptime_seconds = std::chrono::duration<double>(clock_.now() - started_).count();
  view.workers = static_cast<unsigned>(loops_.size());
  view.modules = modules();
  view.state = overall_state(view.modules);
  const Rates::Sample now = totals();
  const auto rate = [&](const std::string& key) -> std::optional<admin::RateView> {
    const auto found = now.find(key);
    return found == now.end() ? std::nullopt : rates_.of(key, found->second, clock_.now());
  };
  for (const auto& one : server_->listeners())
    view.listeners.push_back({one.name, one.address, one.protocols, one.tls, one.connections,
                              rate(listener_key(one.name))});
  for (const auto& one : server_->upstreams()) view.upstreams.push_back({one.group, one.server, one.connections, one.connect_failures});
  for (const auto& one : gateway_->status()) {
    const auto calls = rate(server_key(one.name));
    view.mcp_servers.push_back({one.name, one.transport, one.state, one.sessions, one.processes, one.last_error,
                                calls ? std::optional(calls->per_second * 60) : std::nullopt});
  }
  for (const supervisor::ServiceStatus& one : supervision_->status())
    view.services.push_back({.name = one.name, .state = std::string(supervisor::to_string(one.state)), .why = one.why,
                             .container = one.container, .address = one.address,
                             .health = one.health ? std::string(health::to_string(*one.health)) : "",
                             .restarts = one.restarts, .next_try = one.next_try, .last_exit = one.last_exit});
  const std::lock_guard lock(mutex_);
  view.profiles = configuration_.profiles;
  view.config_file = configuration_.file;
  view.loaded_at = loaded_at_;
  view.config_ok = config_ok_;
  view.restart_pending = restart_pending_;
  return view;
}

}  // namespace gatehouse::app
