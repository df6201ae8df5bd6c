// Upstream groups.
#include "parts.h"

namespace gatehouse::keys {
namespace {

constexpr std::int64_t kHour = 3'600'000;

template <std::chrono::milliseconds upstream::GroupSettings::*Member>
void set_duration(Draft& draft, const Place& place, const Value& value) {
  draft.group(place).*Member = std::chrono::milliseconds(value.number);
}

template <std::uint32_t upstream::GroupSettings::*Member>
void set_count(Draft& draft, const Place& place, const Value& value) {
  draft.group(place).*Member = static_cast<std::uint32_t>(value.number);
}

const Key kKeys[] = {
    {.path = "upstreams.*.servers[].address",
     .type = Type::kAddress,
     .help = "host:port or unix:/path",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.server(p).address = v.address; },
     .required = true},
    {.path = "upstreams.*.servers[].weight",
     .type = Type::kInteger,
     .fallback = "1",
     .help = "Share of the requests, relative to the other servers",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.server(p).weight = static_cast<std::uint32_t>(v.number); },
     .min = 1,
     .max = 1000},
    {.path = "upstreams.*.servers[].backup",
     .type = Type::kBoolean,
     .fallback = "false",
     .help = "Only used when no other server can be",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.server(p).backup = v.number != 0; }},
    {.path = "upstreams.*.balance",
     .type = Type::kEnum,
     .fallback = "round_robin",
     .help = "How a server is chosen",
     .apply = [](Draft& d, const Place& p, const Value&) { d.group(p).balance = upstream::Balance::kRoundRobin; },
     .choices = "round_robin",
     .later = "least_requests|p2c|random|ring_hash|maglev|health_based"},
    {.path = "upstreams.*.connect_timeout",
     .type = Type::kDuration,
     .fallback = "3s",
     .help = "To connect to a server",
     .apply = set_duration<&upstream::GroupSettings::connect_timeout>,
     .min = 10,
     .max = kHour},
    {.path = "upstreams.*.idle_timeout",
     .type = Type::kDuration,
     .fallback = "60s",
     .help = "How long an idle connection is kept",
     .apply = set_duration<&upstream::GroupSettings::idle_timeout>,
     .min = 100,
     .max = kHour},
    {.path = "upstreams.*.max_idle",
     .type = Type::kInteger,
     .fallback = "64",
     .help = "Idle connections per server and worker",
     .apply = set_count<&upstream::GroupSettings::max_idle>,
     .min = 0,
     .max = 100'000},
    {.path = "upstreams.*.max_connections",
     .type = Type::kInteger,
     .fallback = "1024",
     .help = "Connections per server, all workers together; more requests are answered 503",
     .apply = set_count<&upstream::GroupSettings::max_connections>,
     .min = 1,
     .max = 1'000'000},
    {.path = "upstreams.*.max_lifetime",
     .type = Type::kDuration,
     .fallback = "1h",
     .help = "A connection older than this is not used again",
     .apply = set_duration<&upstream::GroupSettings::max_lifetime>,
     .min = 1000,
     .max = 30 * 24 * kHour},
    {.path = "upstreams.*.health", .type = Type::kLater, .help = "Active health checks"},
};

}  // namespace

std::span<const Key> upstream_keys() { return kKeys; }

}  // namespace gatehouse::keys
