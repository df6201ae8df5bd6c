// MCP servers, endpoints, sessions.
#include <filesystem>

#include "parts.h"

namespace gatehouse::keys {
namespace {

constexpr std::int64_t kHour = 3'600'000;

template <std::chrono::milliseconds mcp::ServerSettings::*Member>
void set_duration(Draft& draft, const Place& place, const Value& value) {
  draft.mcp_server(place).*Member = std::chrono::milliseconds(value.number);
}

template <class Number, Number mcp::Settings::*Member>
void set_number(Draft& draft, const Place&, const Value& value) {
  draft.out.mcp.*Member = static_cast<Number>(value.number);
}

// A program named with a slash is relative to the configuration file; without one it is looked up in PATH.
void set_command(Draft& draft, const Place& place, const Value& value) {
  auto& command = draft.mcp_server(place).command;
  command = value.list;
  if (!command.empty() && command[0].find('/') != std::string::npos && command[0][0] != '/')
    command[0] = (std::filesystem::path(value.directory) / command[0]).lexically_normal().string();
}

const Key kKeys[] = {
    {.path = "mcp.servers.*.url",
     .type = Type::kString,
     .help = "An MCP server over HTTP: http://host:port/path",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.mcp_server(p).url = v.text; },
     .check = check_server_url},
    {.path = "mcp.servers.*.command",
     .type = Type::kStrings,
     .help = "An MCP server as child processes over stdin and stdout: program and arguments; refused in profile "
             "production",
     .apply = set_command,
     .min = 1,
     .max = 256},
    {.path = "mcp.servers.*.environment",
     .type = Type::kMap,
     .fallback = "{}",
     .help = "Variables for the child process, besides PATH, HOME and LANG; never shown",
     .apply = [](Draft& d, const Place& p, const Value& v) {
       d.mcp_server(p).environment = {v.map.begin(), v.map.end()};
     },
     .check = check_variable_name,
     .sensitive = true},
    {.path = "mcp.servers.*.max_processes",
     .type = Type::kInteger,
     .fallback = "32",
     .help = "Child processes of this server, one per session",
     .apply = [](Draft& d, const Place& p, const Value& v) {
       d.mcp_server(p).max_processes = static_cast<std::uint32_t>(v.number);
     },
     .min = 1,
     .max = 10'000},
    {.path = "mcp.servers.*.start_timeout",
     .type = Type::kDuration,
     .fallback = "10s",
     .help = "From starting a child to its answer to initialize",
     .apply = set_duration<&mcp::ServerSettings::start_timeout>,
     .min = 100,
     .max = kHour},
    {.path = "mcp.servers.*.call_timeout",
     .type = Type::kDuration,
     .fallback = "5m",
     .help = "One request to the server",
     .apply = set_duration<&mcp::ServerSettings::call_timeout>,
     .min = 100,
     .max = 24 * kHour},
    {.path = "mcp.servers.*.stop_grace",
     .type = Type::kDuration,
     .fallback = "2s",
     .help = "Between closing a child's stdin, SIGTERM and SIGKILL, each",
     .apply = set_duration<&mcp::ServerSettings::stop_grace>,
     .min = 0,
     .max = kHour},
    {.path = "mcp.servers.*.image", .type = Type::kLater, .help = "A server in a container"},
    {.path = "mcp.servers.*.transport", .type = Type::kLater, .help = "How to talk to a container"},
    {.path = "mcp.servers.*.template", .type = Type::kLater, .help = "A server from a template"},
    {.path = "mcp.servers.*.config", .type = Type::kLater, .help = "Settings of a template"},
    {.path = "mcp.endpoints.*.servers",
     .type = Type::kStrings,
     .help = "Names of the servers behind this path; exactly one in this version",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.endpoint(p).servers = v.list; },
     .min = 1,
     .max = 100,
     .required = true},
    {.path = "mcp.endpoints.*.names",
     .type = Type::kEnum,
     .fallback = "none",
     .help = "How names of several servers are kept apart; none: not at all",
     .apply = [](Draft&, const Place&, const Value&) {},
     .choices = "none",
     .later = "prefix|priority"},
    {.path = "mcp.endpoints.*.auth",
     .type = Type::kEnum,
     .fallback = "required",
     .help = "none is allowed only when every listener is on loopback, or with allow_anonymous",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.endpoint(p).auth_none = v.number == 1; },
     .choices = "required|none"},
    {.path = "mcp.endpoints.*.allow_anonymous",
     .type = Type::kBoolean,
     .fallback = "false",
     .help = "Anybody who reaches the listeners may use an endpoint with auth: none",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.endpoint(p).allow_anonymous = v.number != 0; }},
    {.path = "mcp.allowed_origins",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Origins of web pages that may call, besides loopback and the endpoint's own host",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.mcp.allowed_origins = v.list; },
     .check = check_origin},
    {.path = "mcp.allowed_hosts",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Values of Host that are answered, besides loopback and the hosts of routes",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.mcp.allowed_hosts = v.list; },
     .check = check_allowed_host},
    {.path = "mcp.session_idle",
     .type = Type::kDuration,
     .fallback = "30m",
     .help = "A session that nobody uses ends after this long",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.mcp.session_idle = std::chrono::milliseconds(v.number);
     },
     .min = 1000,
     .max = 30 * 24 * kHour},
    {.path = "mcp.max_sessions",
     .type = Type::kInteger,
     .fallback = "10000",
     .help = "Sessions of all callers together",
     .apply = set_number<std::uint32_t, &mcp::Settings::max_sessions>,
     .min = 1,
     .max = 10'000'000},
    {.path = "mcp.max_sessions_per_principal",
     .type = Type::kInteger,
     .fallback = "1000",
     .help = "Sessions of one caller",
     .apply = set_number<std::uint32_t, &mcp::Settings::max_sessions_per_principal>,
     .min = 1,
     .max = 10'000'000},
    {.path = "mcp.max_message",
     .type = Type::kSize,
     .fallback = "4MiB",
     .help = "One JSON-RPC message of a client",
     .apply = set_number<std::uint64_t, &mcp::Settings::max_message_bytes>,
     .min = 1024,
     .max = 256 * 1024 * 1024},
    {.path = "mcp.max_answer",
     .type = Type::kSize,
     .fallback = "16MiB",
     .help = "One JSON-RPC message of a child; the call of a longer answer fails",
     .apply = set_number<std::uint64_t, &mcp::Settings::max_answer_bytes>,
     .min = 1024,
     .max = 256 * 1024 * 1024},
    {.path = "mcp.max_json_depth",
     .type = Type::kInteger,
     .fallback = "64",
     .help = "Nesting of one message",
     .apply = set_number<std::uint32_t, &mcp::Settings::max_json_depth>,
     .min = 4,
     .max = 512},
    {.path = "mcp.max_queue",
     .type = Type::kSize,
     .fallback = "1MiB",
     .help = "Messages kept for a stream that nobody reads",
     .apply = set_number<std::uint64_t, &mcp::Settings::max_queue_bytes>,
     .min = 4096,
     .max = 256 * 1024 * 1024},
};

}  // namespace

std::span<const Key> mcp_keys() { return kKeys; }

}  // namespace gatehouse::keys
