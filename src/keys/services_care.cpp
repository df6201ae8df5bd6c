// Supervised containers: dependencies, health, limits, restarts, drift.
#include <algorithm>

#include "gatehouse/services/settings.h"

#include "parts.h"
#include "service_texts.h"

namespace gatehouse::keys {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kTiB = std::int64_t{1} << 40;

template <milliseconds health::Settings::*Member>
void set_health_time(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).health.*Member = milliseconds(value.number);
}
template <int health::Settings::*Member>
void set_health_count(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).health.*Member = static_cast<int>(value.number);
}
template <std::string health::ProbeSettings::*Member>
void set_probe_text(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).health.probe.*Member = value.text;
}
template <std::int64_t services::Resources::*Member>
void set_resource(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).resources.*Member = value.number;
}
template <std::int64_t services::Resources::*Member>
void set_cpus(Draft& draft, const Place& place, const Value& value) {
  if (const auto cpus = parse_cpus(value.text)) draft.service(place).resources.*Member = *cpus;
}
template <milliseconds services::RestartSettings::*Member>
void set_restart_time(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).restart.*Member = milliseconds(value.number);
}
template <services::Drift services::DriftSettings::*Member>
void set_drift(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).drift.*Member = static_cast<services::Drift>(value.number);
}
template <std::string services::BackupSettings::*Member>
void set_backup_text(Draft& draft, const Place& place, const Value& value) {
  services::BackupSettings& backup = draft.service(place).backup;
  backup.*Member = value.text;
  if (!draft.out.values.contains("services." + place.names.at(0) + ".backup.kind")) backup.kind = services::BackupKind::kPostgres;
}
// They become arguments of programs: none may look like an option or like a connection string.
Status check_role(std::string_view text) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (!text.empty() && text.size() <= 40 && text.front() != '-' && std::all_of(text.begin(), text.end(), plain)) return {};
  return make_error("bad-value", "letters, digits, _ and -, at most 40 of them, not beginning with -");
}
Status check_cpus(std::string_view text) {
  auto cpus = parse_cpus(text);
  return cpus ? Status() : Status(std::move(cpus).error());
}

const Key kKeys[] = {
    {.path = "services.*.depends_on.*.condition",
     .type = Type::kEnum,
     .fallback = "started",
     .help = "When the dependency is good enough to start",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.dependency(p).condition = static_cast<services::Condition>(v.number); },
     .choices = "started|healthy|completed"},
    {.path = "services.*.depends_on.*.required",
     .type = Type::kBoolean,
     .fallback = "true",
     .help = "false: no such service, or one that failed, is no obstacle",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.dependency(p).required = v.number != 0; }},
    {.path = "services.*.depends_on.*.on_loss",
     .type = Type::kEnum,
     .fallback = "ignore",
     .help = "When the dependency crashed or was replaced: nothing, a restart when it is there again, no traffic meanwhile",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.dependency(p).on_loss = static_cast<services::OnLoss>(v.number); },
     .choices = "ignore|restart|hold"},
    {.path = "services.*.depends_on.*.timeout",
     .type = Type::kDuration,
     .fallback = "5m",
     .help = "Waiting longer is told; it does not end",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.dependency(p).timeout = milliseconds(v.number); },
     .min = 1000,
     .max = 24 * kHour},
    {.path = "services.*.health.kind",
     .type = Type::kEnum,
     .help = "How it is asked. Default: exec when there is a command, else none; known services have their own",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).health.probe.kind = static_cast<health::Kind>(v.number); },
     .choices = "none|http|tcp|unix|exec|redis|postgres|mcp"},
    {.path = "services.*.health.port",
     .type = Type::kInteger,
     .help = "In the container",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).health.probe.port = static_cast<std::uint16_t>(v.number); },
     .min = 1,
     .max = 65535},
    {.path = "services.*.health.path",
     .type = Type::kString,
     .help = "http, mcp: what is asked for; unix: the socket, as this machine sees it",
     .apply = set_probe_text<&health::ProbeSettings::path>},
    {.path = "services.*.health.tls",
     .type = Type::kBoolean,
     .help = "http, mcp: over TLS. Whose certificate it is does not matter",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).health.probe.tls = v.number != 0; }},
    {.path = "services.*.health.body",
     .type = Type::kString,
     .help = "http: must be in the answer",
     .apply = set_probe_text<&health::ProbeSettings::body>},
    {.path = "services.*.health.command",
     .type = Type::kStrings,
     .help = "exec: program and arguments, in the container; 0 is healthy. Another command, another container",
     .apply =
         [](Draft& d, const Place& p, const Value& v) {
           health::ProbeSettings& probe = d.service(p).health.probe;
           probe.command = v.list;
           if (!d.out.values.contains("services." + p.names.at(0) + ".health.kind")) probe.kind = health::Kind::kExec;
         },
     .min = 1,
     .max = 256},
    {.path = "services.*.health.user",
     .type = Type::kString,
     .help = "redis, postgres: as whom",
     .apply = set_probe_text<&health::ProbeSettings::user>},
    {.path = "services.*.health.database",
     .type = Type::kString,
     .help = "postgres: which one",
     .apply = set_probe_text<&health::ProbeSettings::database>},
    {.path = "services.*.health.password",
     .type = Type::kString,
     .help = "redis: name of a secret of the service",
     .apply = set_probe_text<&health::ProbeSettings::password>},
    {.path = "services.*.health.interval",
     .type = Type::kDuration,
     .help = "Between two probes. Default: 10s",
     .apply = set_health_time<&health::Settings::interval>,
     .min = 100,
     .max = kHour},
    {.path = "services.*.health.timeout",
     .type = Type::kDuration,
     .help = "A probe without an answer by then has failed. Default: 5s",
     .apply = set_health_time<&health::Settings::timeout>,
     .min = 50,
     .max = kHour},
    {.path = "services.*.health.start_period",
     .type = Type::kDuration,
     .help = "Failures in it do not count; the first success ends it. Default: 30s",
     .apply = set_health_time<&health::Settings::start_period>,
     .min = 0,
     .max = 24 * kHour},
    {.path = "services.*.health.start_interval",
     .type = Type::kDuration,
     .help = "Between two probes in the start period. Default: 1s",
     .apply = set_health_time<&health::Settings::start_interval>,
     .min = 50,
     .max = kHour},
    {.path = "services.*.health.retries",
     .type = Type::kInteger,
     .help = "So many failures in a row make it unhealthy. Default: 3",
     .apply = set_health_count<&health::Settings::retries>,
     .min = 1,
     .max = 1000},
    {.path = "services.*.health.rise",
     .type = Type::kInteger,
     .help = "So many successes in a row make it healthy again. Default: 1",
     .apply = set_health_count<&health::Settings::rise>,
     .min = 1,
     .max = 1000},
    {.path = "services.*.health.restart_after",
     .type = Type::kInteger,
     .help = "So many failures in a row restart it, at most three times in ten minutes; 0: never. Default: 6",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).health.restart.failures = static_cast<int>(v.number); },
     .min = 0,
     .max = 1000},
    {.path = "services.*.resources.cpus",
     .type = Type::kString,
     .help = "At most so many CPUs, 0.5; 0: no limit. All limits are changed without a restart",
     .apply = set_cpus<&services::Resources::milli_cpus>,
     .check = check_cpus},
    {.path = "services.*.resources.memory",
     .type = Type::kSize,
     .help = "At most so much memory, swap included; 0B: no limit",
     .apply = set_resource<&services::Resources::memory>,
     .min = 0,
     .max = kTiB},
    {.path = "services.*.resources.reserve_cpus",
     .type = Type::kString,
     .help = "Its share when CPUs are scarce",
     .apply = set_cpus<&services::Resources::reserve_milli_cpus>,
     .check = check_cpus},
    {.path = "services.*.resources.reserve_memory",
     .type = Type::kSize,
     .help = "Memory that others get last",
     .apply = set_resource<&services::Resources::reserve_memory>,
     .min = 0,
     .max = kTiB},
    {.path = "services.*.resources.pids",
     .type = Type::kInteger,
     .help = "Processes and threads; 0: no limit. Default: 512, in profile development none",
     .apply = set_resource<&services::Resources::pids>,
     .min = 0,
     .max = 1 << 22},
    {.path = "services.*.restart.policy",
     .type = Type::kEnum,
     .fallback = "always",
     .help = "What follows its end. unless_stopped: as always, but who stops it by hand has the last word",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).restart.policy = static_cast<services::RestartPolicy>(v.number); },
     .choices = "always|on_failure|no|unless_stopped"},
    {.path = "services.*.restart.backoff.first",
     .type = Type::kDuration,
     .fallback = "100ms",
     .help = "The first restart is immediate, the second waits this long, then twice as long each time",
     .apply = set_restart_time<&services::RestartSettings::first>,
     .min = 10,
     .max = kHour},
    {.path = "services.*.restart.backoff.max",
     .type = Type::kDuration,
     .fallback = "60s",
     .help = "The longest wait",
     .apply = set_restart_time<&services::RestartSettings::max>,
     .min = 10,
     .max = 24 * kHour},
    {.path = "services.*.restart.stable",
     .type = Type::kDuration,
     .fallback = "10s",
     .help = "After a run this long waits begin anew",
     .apply = set_restart_time<&services::RestartSettings::stable>,
     .min = 100,
     .max = 24 * kHour},
    {.path = "services.*.restart.attempts",
     .type = Type::kInteger,
     .fallback = "0",
     .help = "on_failure: gives up after so many failures in a row; 0: never",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).restart.attempts = static_cast<int>(v.number); },
     .min = 0,
     .max = 1'000'000},
    {.path = "services.*.backup.kind",
     .type = Type::kEnum,
     .help = "postgres: its pg_dump, on the schedule of backup. Default: none, but of the service postgres",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).backup.kind = static_cast<services::BackupKind>(v.number); },
     .choices = "none|postgres"},
    {.path = "services.*.backup.database",
     .type = Type::kString,
     .help = "Which one. Default: $POSTGRES_DB of the service, else that of its user",
     .apply = set_backup_text<&services::BackupSettings::database>,
     .check = check_role},
    {.path = "services.*.backup.user",
     .type = Type::kString,
     .help = "As whom; the container must let it in without a password. Default: $POSTGRES_USER of the service, else postgres",
     .apply = set_backup_text<&services::BackupSettings::user>,
     .check = check_role},
    {.path = "services.*.drift.resources",
     .type = Type::kEnum,
     .fallback = "repair",
     .help = "When somebody else changed its limits",
     .apply = set_drift<&services::DriftSettings::resources>,
     .choices = "repair|report"},
    {.path = "services.*.drift.networks",
     .type = Type::kEnum,
     .fallback = "repair",
     .help = "When somebody else changed its networks",
     .apply = set_drift<&services::DriftSettings::networks>,
     .choices = "repair|report"},
    {.path = "services.*.drift.paused",
     .type = Type::kEnum,
     .fallback = "repair",
     .help = "When somebody else paused it",
     .apply = set_drift<&services::DriftSettings::paused>,
     .choices = "repair|report"},
};

}  // namespace

std::span<const Key> service_care_keys() { return kKeys; }

}  // namespace gatehouse::keys
