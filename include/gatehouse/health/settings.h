// How the health of a service is asked for; filled by the loader.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::health {

enum class Kind { kNone, kHttp, kTcp, kUnix, kExec, kRedis, kPostgres, kMcp };
std::string_view to_string(Kind kind);  // "none", "http", …

struct ProbeSettings {
  Kind kind = Kind::kNone;
  std::uint16_t port = 0;            // inside the container; the address is the container's own
  std::string path{};                  // kHttp, kMcp: target of the request; kUnix: the socket, as the host sees it
  bool tls = false;                  // kHttp, kMcp; the certificate is not checked: it is our own container
  int status_first = 200;            // kHttp: answers from here …
  int status_last = 399;             // … to here pass; redirects are not followed
  std::string body{};                  // kHttp: must occur in the answer; empty: anything
  std::vector<std::string> command{};  // kExec: argv inside the container; exit code 0 passes
  std::string user{};                  // kPostgres; kRedis: of AUTH, empty: the default user
  std::string database{};              // kPostgres
  std::string password{};              // kRedis: name of the secret; empty: none
  bool operator==(const ProbeSettings&) const = default;
};

// Restarting what stays unhealthy. A budget keeps a broken service from being restarted for ever.
struct RestartSettings {
  int failures = 6;                     // consecutive ones, never fewer than `retries`; 0: never
  int budget = 3;                       // restarts within `window`; then the service is degraded
  std::chrono::milliseconds window{600'000};
  bool operator==(const RestartSettings&) const = default;
};

struct Settings {
  ProbeSettings probe;
  std::chrono::milliseconds interval{10'000};
  std::chrono::milliseconds timeout{5'000};         // without an answer by then the probe has failed
  std::chrono::milliseconds start_period{30'000};   // failures in it do not count; the first success ends it
  std::chrono::milliseconds start_interval{1'000};  // between probes in the start period
  int retries = 3;                                  // consecutive failures that make unhealthy
  int rise = 1;                                     // consecutive successes that make healthy again
  RestartSettings restart;
  bool operator==(const Settings&) const = default;
};

}  // namespace gatehouse::health
