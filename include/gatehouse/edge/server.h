// Server: the edge. Listens, terminates TLS, reads requests strictly, routes them, and proxies or hands them to a
// handler. One worker per loop; every worker has its own listening sockets, connections, pools and counters.
//
//   edge::Server server(loops, {.handlers = {{"mcp", &mcp}, {"admin", &admin}}, .metrics = &registry, …});
//   if (auto applied = server.apply(settings, groups, contexts); !applied) …      // start, and again on every reload
//   …
//   server.drain();  …  server.stop();
//
// apply() builds everything that the new settings need (sockets, routes) before it changes anything; when
// that fails nothing has changed. Requests under way end with the snapshot they began with.
// Owner: main. Thread: members belong to the thread of loop 0, or to main before the loops run; those that only report may
// be called from any. Errors: those of net::listen, "no-certificate", "unknown-handler", "unknown-upstream".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/access_log.h"
#include "gatehouse/base/rare_table.h"
#include "gatehouse/base/result.h"
#include "gatehouse/edge/authenticator.h"
#include "gatehouse/edge/settings.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/upstream/pool.h"

namespace gatehouse::edge {

struct Worker;
struct Snapshot;

struct Ports {
  std::map<std::string, http::Handler*> handlers;    // by RouteSettings::handler; thread-safe
  metrics::Registry* metrics = nullptr;
  AccessWriter* access_log = nullptr;                // null: no access log
  runtime::OffloadPool* offload = nullptr;           // for the resolver
  runtime::Random* random = nullptr;
  // Live http-01 challenges (RFC 8555 8.3): token, key authorization. Answered before anything else; null: none are met.
  const RareTable<std::string>* http_challenges = nullptr;
};

// By listener: its certificates and rules for clients, made by the owner, for they come from files. Plain listeners have none.
using TlsContexts = std::map<std::string, std::shared_ptr<const tls::Context>, std::less<>>;

struct ListenerStatus {
  std::string name;
  std::string address;    // with the real port
  std::vector<std::string> protocols;
  bool tls = false;
  std::uint64_t connections = 0;
  std::uint64_t errors = 0;      // requests answered with 5xx, ever
  metrics::Buckets durations{};  // of requests, ever
};

struct UpstreamStatus {
  std::string group;
  std::string server;
  std::uint32_t connections = 0;
  std::uint64_t connect_failures = 0;
};

class Server {
 public:
  Server(std::vector<runtime::Loop*> loops, Ports ports);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  Status apply(const Settings& settings, const std::vector<upstream::GroupSettings>& groups, TlsContexts contexts = {});
  void set_tls_contexts(TlsContexts contexts);  // new certificates; connections keep what they began with
  void set_authenticators(std::vector<std::shared_ptr<const Authenticator>> by_loop);  // any thread

  // Closes the listeners and idle connections, lets requests end. drained() is true when none is left.
  void drain();
  bool drained() const noexcept;
  // Destroys what is left. After the loops have ended, or from loop 0 when it is the only one.
  void stop();

  std::vector<ListenerStatus> listeners() const;
  std::vector<UpstreamStatus> upstreams() const;
  std::uint64_t connections() const noexcept;

  // The pool of one loop to a group that is configured for somebody else than a route (MCP servers); null when unknown.
  // Thread: that loop.
  upstream::Pool* pool(std::string_view group, unsigned loop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::edge
