// Gateway: MCP endpoints in front of MCP servers, each endpoint passing through to one server: an HTTP server (`url:`) or a
// child on stdio (`command:`). Clients of the legacy revisions (2025-03-26, 2025-06-18, 2025-11-25: sessions, SSE in both
// directions) and of 2026-07-28 (stateless) are told apart per request; the server must speak the client's era.
//
//   mcp::Gateway gateway(settings, {.loops = loops, .http = *http, .random = random, .observer = metrics});
//   handlers.add("mcp", gateway.handler());
//   …
//   gateway.end_unless(still_valid);    // after each change of accounts
//   gateway.drain(limit);               // no new sessions; GET streams end
//   loops stop, threads are joined
//   ~Gateway                            // kills and reaps what is left
//
// Threads. handler() may be called on every loop; everything else from any thread. A session to a
// child lives on the loop on which it was opened; an exchange on another loop talks to it through Loop::post and a mailbox
// (stdio/inbox.h). The directory of sessions is one map behind a mutex that is held for a look-up, never across a wait.
//
// Whoever calls handler() asks refuse_early() first: it checks Host and Origin, handle() does not.
//
// Refusals are JSON-RPC errors with the request's id, byte for byte; statuses as in docs/reference/mcp.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/exchange.h"
#include "gatehouse/mcp/http_port.h"
#include "gatehouse/mcp/settings.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/stdio/server.h"

namespace gatehouse::mcp {

// A request or notification that went to a server. `method` and `tool` come from clients: bound their values.
struct Sent {
  std::string_view server;
  std::string_view method;
  std::string_view tool;    // of tools/call
  std::string_view result;  // "ok", "tool_error" (isError), "rpc_error", "transport_error", "cancelled"
  runtime::Duration took{};
};

// What happened, for metrics. Called on any loop; must not block.
class Observer : public stdio::Observer {
 public:
  virtual void sent(const Sent&) {}
  virtual void refused(std::string_view /*reason*/) {}
};

struct Ports {
  std::vector<runtime::Loop*> loops;  // by index; outlive the gateway
  HttpPort* http = nullptr;           // how to reach `url:` servers; may be null when there are none
  runtime::Random* random = nullptr;  // null: the system's
  Observer* observer = nullptr;       // may be null
  std::vector<std::string> route_hosts;  // host names that routes name, allowed in Host besides settings.allowed_hosts
};

struct ServerStatus {
  std::string name;
  std::string transport;    // "http", "stdio"
  std::string state;        // "idle", "running", "failing" (its last call or start failed)
  std::uint64_t sessions = 0;
  std::uint64_t processes = 0;
  std::string last_error;   // empty: none since the last success
  std::uint64_t calls = 0;  // of tools, ever
};

// Who opened a session or an exchange: as in http::Principal. A child that all requests of a user share has no credential.
struct Caller {
  std::int64_t user_id = 0;
  std::string_view credential;
};

class Gateway {
 public:
  Gateway(Settings settings, Ports ports);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();               // after the loops have stopped, or on the only loop's thread

  http::Handler& handler();

  // New settings for requests from now on; sessions of servers whose settings changed or that are gone are ended.
  void reload(Settings settings, std::vector<std::string> route_hosts);

  // New sessions are refused with 503, sessions and children end. Calls still open shortly before `limit` is over are
  // answered with 503.
  void drain(std::chrono::milliseconds limit);

  // Ends sessions, streams, calls (with 401) and children of callers whom `keep` does not want; for revoked credentials.
  // `keep` is called on every loop, perhaps after this returns.
  void end_unless(std::function<bool(const Caller&)> keep);

  std::vector<ServerStatus> status() const;
  std::uint64_t session_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::mcp
