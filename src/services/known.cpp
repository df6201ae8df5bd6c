#include "gatehouse/services/known.h"

#include <algorithm>
#include <array>

namespace gatehouse::services {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kGiB = 1024 * kMiB;

ServiceSettings container(std::string_view name, std::string image) {
  ServiceSettings service;
  service.name = name;
  service.image = std::move(image);
  service.tmpfs = {{"/tmp"}};
  return service;
}

health::Settings asked(health::ProbeSettings probe, std::chrono::milliseconds interval, std::chrono::milliseconds timeout,
                       int retries, std::chrono::milliseconds start_period) {
  health::Settings health;
  health.probe = std::move(probe);
  health.interval = interval;
  health.timeout = timeout;
  health.retries = retries;
  health.start_period = start_period;
  return health;
}

// The image's entry script may run as its own user when the volume belongs to it, which Podman sees to.
ServiceSettings postgres() {
  ServiceSettings service = container("postgres", "docker.io/library/postgres:17-alpine");
  service.environment = {{"POSTGRES_USER", "mcpuser"},
                         {"POSTGRES_DB", "mcp_gateway"},
                         {"POSTGRES_PASSWORD_FILE", "/run/secrets/postgres_password"},
                         {"POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256 --data-checksums"}};
  service.user = "70:70";
  service.health = asked({.kind = health::Kind::kPostgres, .port = 5432, .user = "mcpuser", .database = "mcp_gateway"}, 10s, 5s,
                         5, 30s);
  service.resources = {2000, 2 * kGiB, 500, 512 * kMiB, 512};
  service.volumes = {{"mcp_gateway_postgres_data", "/var/lib/postgresql/data"}};
  service.tmpfs.push_back({"/run/postgresql"});
  service.secrets = {{.name = "postgres_password", .reference = "env:POSTGRES_PASSWORD", .uid = 70, .gid = 70}};
  service.backup.kind = BackupKind::kPostgres;
  service.shm_size = 256 * kMiB;
  service.stop_signal = "SIGINT";  // ends sessions and writes a checkpoint; SIGTERM would wait for clients
  service.stop_timeout = 60s;
  return service;
}

// The password is in a configuration file: arguments are for everybody to see.
ServiceSettings redis() {
  ServiceSettings service = container("redis", "docker.io/library/redis:8-alpine");
  service.command = {"redis-server", "/run/secrets/redis_conf", "--appendonly", "yes", "--save", "900 1 300 10 60 10000",
                     "--dir", "/data"};
  service.user = "999:1000";
  service.health = asked({.kind = health::Kind::kRedis, .port = 6379, .password = "redis_conf"}, 10s, 3s, 3, 10s);
  service.resources = {1000, kGiB, 250, 256 * kMiB, 512};
  service.volumes = {{"mcp_gateway_redis_data", "/data"}};
  service.secrets = {{.name = "redis_conf", .reference = "env:REDIS_PASSWORD", .format = "requirepass {quoted}\n",
                      .uid = 999, .gid = 1000}};
  service.stop_timeout = 30s;  // SIGTERM saves first
  return service;
}

ServiceSettings prometheus() {
  ServiceSettings service = container("prometheus", "docker.io/prom/prometheus:v3.5.0");
  service.command = {"--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus",
                     "--storage.tsdb.retention.time=200h"};
  service.user = "65534:65534";
  service.health = asked({.kind = health::Kind::kHttp, .port = 9090, .path = "/-/healthy"}, 30s, 10s, 3, 30s);
  service.resources = {1000, kGiB, 100, 128 * kMiB, 512};
  service.volumes = {{"mcp_gateway_prometheus_data", "/prometheus"}};
  service.files = {{"prometheus", "/etc/prometheus", true}};
  service.ports = {{.host = 9090, .container = 9090}};
  service.stop_timeout = 60s;
  return service;
}

ServiceSettings grafana() {
  ServiceSettings service = container("grafana", "docker.io/grafana/grafana:12.1.1");
  service.environment = {{"GF_SECURITY_ADMIN_PASSWORD__FILE", "/run/secrets/grafana_password"},
                         {"GF_USERS_ALLOW_SIGN_UP", "false"},
                         {"GF_ANALYTICS_REPORTING_ENABLED", "false"},
                         {"GF_ANALYTICS_CHECK_FOR_UPDATES", "false"}};
  service.user = "472:0";
  service.depends_on = {{.service = "prometheus"}};
  service.health = asked({.kind = health::Kind::kHttp, .port = 3000, .path = "/api/health"}, 30s, 10s, 3, 60s);
  service.resources = {1000, 512 * kMiB, 100, 128 * kMiB, 512};
  service.volumes = {{"mcp_gateway_grafana_data", "/var/lib/grafana"}};
  service.files = {{"grafana/provisioning", "/etc/grafana/provisioning", true},
                   {"grafana/dashboards", "/etc/grafana/dashboards", true}};
  service.secrets = {{.name = "grafana_password", .reference = "env:GRAFANA_ADMIN_PASSWORD", .uid = 472}};
  service.ports = {{.host = 3000, .container = 3000}};
  return service;
}

struct Known {
  std::string_view name;
  ServiceSettings (*make)();
};
constexpr std::array<Known, 4> kKnown = {
    {{"grafana", grafana}, {"postgres", postgres}, {"prometheus", prometheus}, {"redis", redis}}};

const Known* find_known(std::string_view name) {
  const auto found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) { return known.name == name; });
  return found == kKnown.end() ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(Condition condition) {
  static constexpr std::array<std::string_view, 3> kNames = {"started", "healthy", "completed"};
  return kNames[static_cast<std::size_t>(condition)];
}

std::string_view to_string(RestartPolicy policy) {
  static constexpr std::array<std::string_view, 4> kNames = {"always", "on_failure", "no", "unless_stopped"};
  return kNames[static_cast<std::size_t>(policy)];
}

std::vector<std::string> known_services() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return names;
}

bool is_known(std::string_view name) { return find_known(name) != nullptr; }

ServiceSettings default_service(std::string_view name, Limits limits) {
  const Known* known = find_known(name);
  ServiceSettings service = known != nullptr ? known->make() : container(name, "");
  if (limits == Limits::kOff) service.resources = {0, 0, 0, 0, 0};
  return service;
}

}  // namespace gatehouse::services
