// `gatehouse demo`: the demonstration MCP server on standard streams, and as a handler for the edge.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "demo_server.h"
#include "gatehouse/base/result.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::app {

// From MCP_HELLO_FROM and the version of this binary.
DemoSettings demo_settings();

// One message per line on the descriptors, until the input ends; slow calls run side by side on a loop of their own.
// Exit code: 0 at the end of the input, 1 when a line is over 4 MiB or the output cannot be written.
int run_demo_stdio(const DemoSettings& settings, int input = 0, int output = 1);

// `gatehouse demo --http ADDRESS` ends here: listens on `address` with a DemoHandler for every path, until SIGTERM or
// SIGINT. Defined with the daemon's wiring.
int run_demo_http(const DemoSettings& settings, const std::string& address);

// Streamable HTTP for both eras. Owner: whoever wires it. Thread: one loop (give the edge a single one). Stop: after the
// edge, whose exchanges refer to it.
class DemoHandler final : public http::Handler {
 public:
  DemoHandler(DemoSettings settings, runtime::Random& random) : settings_(std::move(settings)), random_(random) {}
  runtime::Task<void> handle(http::Exchange& exchange) override;

  std::size_t sessions() const noexcept { return sessions_.size(); }

 private:
  struct Session {
    explicit Session(const DemoSettings& settings) : server(settings) {}
    DemoServer server;
    std::deque<std::string> events;     // for the GET stream
    runtime::Waiter* listener = nullptr;  // of the GET stream that is open
    bool ended = false;
  };
  using SessionPointer = std::shared_ptr<Session>;

  runtime::Task<void> post(http::Exchange& exchange);
  runtime::Task<void> post_message(http::Exchange& exchange, Json message);
  runtime::Task<void> answer(http::Exchange& exchange, DemoReply reply, SessionPointer session, std::string session_id);
  runtime::Task<void> stream(http::Exchange& exchange, DemoReply reply, SessionPointer session, http::Response head);
  runtime::Task<bool> drive(http::Exchange& exchange, std::shared_ptr<SlowCall> slow);
  runtime::Task<void> listen(http::Exchange& exchange);
  runtime::Task<void> end(http::Exchange& exchange);
  SessionPointer find(http::Exchange& exchange) const;
  std::string open_session(SessionPointer session);

  DemoSettings settings_;
  runtime::Random& random_;
  std::map<std::string, SessionPointer> sessions_;
  std::deque<std::string> oldest_;  // ids in the order of their opening
};

}  // namespace gatehouse::app
