// MCP servers and endpoints as configured; filled by the loader.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gatehouse::mcp {

struct ServerSettings {
  std::string name;                              // [A-Za-z0-9_-]{1,64}
  std::string url;                               // http://host:port/path; or
  std::vector<std::string> command;              // a stdio child process, argv
  std::map<std::string, std::string> environment;  // added to a clean environment (PATH, HOME, LANG are kept)
  std::uint32_t max_processes = 32;              // children of this server, one per session
  std::chrono::milliseconds start_timeout{10000};
  std::chrono::milliseconds call_timeout{300000};
  std::chrono::milliseconds stop_grace{2000};    // stdin closed → SIGTERM → SIGKILL, each after this long
};

struct EndpointSettings {
  std::string path;                              // "/mcp"
  std::vector<std::string> servers;              // exactly one until federation exists; the loader says so
  bool allow_anonymous = false;
  bool auth_none = false;                        // only on loopback listeners, or with allow_anonymous
};

struct Settings {
  std::vector<ServerSettings> servers;
  std::vector<EndpointSettings> endpoints;
  std::vector<std::string> allowed_origins;      // besides loopback origins and the endpoint's own host
  std::vector<std::string> allowed_hosts;        // besides loopback names and configured route hosts
  std::chrono::milliseconds session_idle{1800000};
  std::uint32_t max_sessions = 10000;
  std::uint32_t max_sessions_per_principal = 1000;
  std::uint64_t max_message_bytes = 4 * 1024 * 1024;   // of a client
  std::uint64_t max_answer_bytes = 16 * 1024 * 1024;   // one message of a child
  std::uint32_t max_json_depth = 64;
  std::uint64_t max_queue_bytes = 1024 * 1024;   // per stream that nobody reads
};

}  // namespace gatehouse::mcp
