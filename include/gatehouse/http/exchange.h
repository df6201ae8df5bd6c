// Exchange: one request and its answer, as a handler (mcp, admin) sees it. The edge implements it for each protocol
// version; tests use tests/fakes/fake_exchange.h.
//
//   runtime::Task<void> Handler::handle(Exchange& exchange) {
//     auto body = co_await exchange.read_body(1 << 20);
//     if (!body) co_return;                                  // refused and answered already, or the client is gone
//     co_await exchange.respond({.status = 200, .content_type = "application/json", .body = answer});
//   }
//
// A handler answers exactly once: respond(), or begin_stream() … end_stream(). When it returns without having answered,
// the edge answers 500 and counts it. Owner: the connection's frame. Thread: the connection's loop. Stop: the frame is
// destroyed at a co_await, so keep what must be undone in objects with destructors.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/http/message.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::http {

// Who asks, as the access filter found out. Anonymous: no name, no scopes.
struct Principal {
  std::string name;                  // user name, or the key's owner; empty when anonymous
  std::string credential;            // "session" (JWT), "key:17", or empty
  std::int64_t user_id = 0;
  bool superuser = false;
  std::vector<std::string> scopes;
  bool anonymous() const noexcept { return name.empty(); }
  bool has_scope(std::string_view scope) const noexcept {
    for (const std::string& own : scopes)
      if (own == scope || own == "admin") return true;
    return false;
  }
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Problem {
  std::string slug;        // with hyphens
  std::string detail;      // a sentence
  std::string request_id;
  std::string help;        // what to do; may be empty
};

struct Response {
  int status = 200;
  std::string content_type;  // empty: no Content-Type
  std::string body;
  Headers headers;           // besides Content-Type, Content-Length, Date, Connection, security headers
  std::optional<Problem> problem{};  // then type and body are made from it when it is sent: render_problem()
};

struct ClientInfo {
  std::string_view address;     // client IP after trusted proxies, without port
  std::string_view request_id;  // 26 characters
  std::string_view trace_id;    // 32 hex characters, or empty
  std::string_view listener;
  bool secure = false;          // came over TLS
  bool loopback_listener = false;
};

class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& request() const noexcept = 0;
  virtual const ClientInfo& client() const noexcept = 0;
  virtual const Principal& principal() const noexcept = 0;
  virtual runtime::Loop& loop() noexcept = 0;

  // The whole body. Over `limit`: answers 413, closes, and is an error; so are a client that is gone, a slow one (408)
  // and broken framing (400).
  virtual runtime::Task<Result<std::string>> read_body(std::size_t limit) = 0;

  // The whole answer. False: the client is gone.
  virtual runtime::Task<bool> respond(Response response) = 0;

  // An answer in pieces, each sent at once (server-sent events).
  virtual runtime::Task<bool> begin_stream(Response head) = 0;   // head.body is ignored
  virtual runtime::Task<bool> send(std::string_view piece) = 0;  // `piece` stays valid until this returns
  virtual runtime::Task<bool> end_stream() = 0;

  // For handlers that wait for their own events: the waiter is also notified when the client goes away or the daemon
  // drains. `while (!mine.ready() && !exchange.client_gone()) co_await exchange.waiter().wait();`
  virtual runtime::Waiter& waiter() noexcept = 0;
  virtual bool client_gone() const noexcept = 0;
  virtual bool draining() const noexcept = 0;

  // Fields of the access log line: mcp_method, mcp_tool, mcp_server, mcp_error, end … Keys must be string literals.
  virtual void annotate(std::string_view key, std::string_view value) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;

  // A refusal that does not depend on who asks: the edge asks for it before it authenticates, and sends it. Nothing: go on.
  virtual std::optional<Response> refuse_early(Exchange&) { return std::nullopt; }

  virtual runtime::Task<void> handle(Exchange& exchange) = 0;
};

// A refusal as a problem document (RFC 9457).
Response problem(int status, std::string_view slug, std::string_view detail, std::string_view request_id, std::string_view help = {});

// Whoever sends a response calls this first. application/problem+json with type (the page about the slug), title, status, detail,
// instance (request id), help (what to do), retry_after (seconds, as in Retry-After); or a small page when `accept` is that of a browser.
void render_problem(Response& response, std::string_view accept);

}  // namespace gatehouse::http
