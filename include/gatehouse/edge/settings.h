// Listeners, routes, limits and timeouts as configured; filled by the loader.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/http/message.h"
#include "gatehouse/net/address.h"
#include "gatehouse/tls/settings.h"

namespace gatehouse::edge {

using Milliseconds = std::chrono::milliseconds;

// Defaults are the timeout matrix of docs/reference/config.md.
struct Timeouts {
  Milliseconds tls_handshake{10000};
  Milliseconds first_byte{10000};      // from accept to the first byte of the first request
  Milliseconds request_head{10000};    // whole head, absolute
  Milliseconds request_body{30000};    // idle; and at least min_rate afterwards
  Milliseconds response_head{60000};
  Milliseconds response_body{60000};   // idle; none for text/event-stream
  Milliseconds write{30000};           // client takes nothing
  Milliseconds keep_alive{75000};
  Milliseconds drain{30000};
  std::uint64_t min_rate = 240;        // bytes per second, after 30 s
};

struct Limits {
  http::HeadLimits head;
  std::uint64_t body_bytes = 10 * 1024 * 1024;
  std::uint32_t connections = 65536;            // per listener; then accept pauses
  std::uint32_t connections_per_client = 256;   // loopback clients are not counted
  std::uint32_t requests_per_connection = 0;    // 0: no limit
};

struct ListenerSettings {
  std::string name;
  net::Address address;
  bool tls = false;
  tls::Policy policy = tls::Policy::kIntermediate;
  bool reject_unknown_names = false;  // clients that ask for a name of which there is no certificate
  tls::ClientAuthSettings client_auth{};
  std::vector<tls::NameSettings> tls_names{};
  std::vector<std::string> protocols{"http/1.1"};
  bool admin = false;                 // the Unix socket of the command line: its callers are the local administrator
  bool operator==(const ListenerSettings&) const = default;
};

enum class Auth { kDefault, kNone, kRequired };  // kDefault: required for mcp and admin routes, none otherwise

struct FixedResponse {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

struct RouteSettings {
  std::vector<std::string> hosts;    // exact, or "*.example.org"; empty: any
  std::string path = "/";            // prefix when it ends in '/', else exact
  std::vector<std::string> methods;  // empty: any
  Auth auth = Auth::kDefault;
  std::string to;                    // upstream group, or one of the next three
  std::optional<FixedResponse> respond;
  std::string redirect;
  std::string handler;               // name of a registered handler: "mcp", "admin"
  std::string scope;                 // scope that the principal must have; empty: any authenticated
  std::optional<std::uint64_t> body_limit;
  std::string source;                // "gatehouse.yaml:41", for messages and logs
};

struct Settings {
  std::vector<ListenerSettings> listeners;
  std::vector<RouteSettings> routes;
  std::vector<net::Cidr> trusted_proxies;
  std::vector<net::Cidr> metrics_allow;   // who may read /metrics on public listeners; loopback always
  Timeouts timeouts;
  Limits limits;
  tls::CertificateSettings certificates;
  bool keep_underscore_names = false;     // P-13: fields with '_' are dropped by default
  bool access_log = true;
};

}  // namespace gatehouse::edge
