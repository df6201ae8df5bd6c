// A gateway with a scripted HTTP server ("web") and two children ("child", "modern") on one loop.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>

#include "fakes/fake_exchange.h"
#include "gatehouse/http/h1.h"
#include "gatehouse/mcp/gateway.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::mcp {

using namespace std::chrono_literals;
using fakes::FakeExchange;

// What a scripted HTTP server answers, and what it was asked.
struct Script {
  Error error;                      // not empty: the call fails
  std::string head;
  std::deque<std::string> pieces;
  bool breaks = false;              // after the pieces: an error instead of the end
  bool stalls = false;              // after the pieces: nothing more
};

struct Asked {
  std::string method, path, body;
  http::Headers headers;
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (http::equals_ignoring_case(key, name)) return value;
    return {};
  }
};

class ScriptedCall final : public HttpCall {
 public:
  ScriptedCall(Script script, std::vector<Asked>& asked) : script_(std::move(script)), asked_(asked) {}
  runtime::Task<Result<int>> start(upstream::OutboundRequest request, std::chrono::milliseconds, const http::Exchange*) override {
    asked_.push_back({std::string(request.method), std::string(request.path), std::string(request.body), request.headers});
    if (!script_.error.slug.empty()) co_return script_.error;
    http::ResponseParser parser;
    EXPECT_EQ(parser.parse(script_.head, http::Method::kPost, head_), http::ParseState::kComplete);
    co_return head_.status;
  }
  const http::ResponseHead& response() const override { return head_; }
  upstream::Piece try_next() override {
    using State = upstream::Piece::State;
    if (script_.pieces.empty()) return {script_.breaks ? State::kError : script_.stalls ? State::kWouldBlock : State::kEnd, {}};
    current_ = std::move(script_.pieces.front());
    script_.pieces.pop_front();
    return {upstream::Piece::State::kBytes, current_};
  }

 private:
  Script script_;
  std::vector<Asked>& asked_;
  http::ResponseHead head_;
  std::string current_;
};

class ScriptedPort final : public HttpPort {
 public:
  std::unique_ptr<HttpCall> open(std::string_view, runtime::Waiter&) override {
    if (scripts.empty()) return nullptr;
    Script script = std::move(scripts.front());
    scripts.pop_front();
    return std::make_unique<ScriptedCall>(std::move(script), asked);
  }
  void json(std::string body, int status = 200, std::string extra = {}) {
    scripts.push_back({{}, "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + extra + "\r\n", {std::move(body)}, false, false});
  }
  std::deque<Script> scripts;
  std::vector<Asked> asked;
};

inline constexpr const char* kInitialize = R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})";
inline constexpr const char* kInitialized = R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"}})";

inline constexpr const char* kServer = R"PY(
import json, sys
modern = "modern" in sys.argv
asked = {"2024-11-05": "1999-01-01"}
def out(m): sys.stdout.write(json.dumps(m, separators=(",", ":")) + "\n"); sys.stdout.flush()
print("starting up", flush=True)
for line in sys.stdin:
    m = json.loads(line)
    method, i = m.get("method"), m.get("id")
    if i is None or method is None:
        if method == "notifications/cancelled": sys.stderr.write("cancelled\n")
        if "result" in m: out({"jsonrpc": "2.0", "method": "notifications/answered", "params": m["result"]})
        continue
    if method == "server/discover" and modern:
        out({"jsonrpc": "2.0", "id": i, "result": {"supportedVersions": ["2026-07-28"], "resultType": "complete"}})
    elif method == "initialize":
        out({"jsonrpc": "2.0", "id": i, "result": {"protocolVersion": asked.get(m["params"]["protocolVersion"], m["params"]["protocolVersion"])}})
    elif method == "echo":
        out({"jsonrpc": "2.0", "id": i, "result": m.get("params")})
    elif method == "progress":
        out({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": m["params"]["_meta"]["progressToken"]}})
        out({"jsonrpc": "2.0", "id": i, "result": {}})
    elif method == "ask":
        out({"jsonrpc": "2.0", "id": "srv", "method": "roots/list"})
    elif method == "die": sys.exit(3)
    elif method == "hang": pass
    else: out({"jsonrpc": "2.0", "id": i, "error": {"code": -32601, "message": "no"}})
)PY";

class GatewayTest : public ::testing::Test {
 protected:
  explicit GatewayTest(runtime::Clock& clock = runtime::system_clock()) : loop_(clock) {
    script_ = ::testing::TempDir() + "/mcp_server_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".py";
    std::ofstream(script_) << kServer;
  }
  ~GatewayTest() override { std::filesystem::remove(script_); }

  virtual Settings settings() {
    Settings s;
    ServerSettings http;
    http.name = "web";
    http.url = "http://127.0.0.1:9/base/mcp";
    s.servers.push_back(http);
    for (const char* name : {"child", "modern"}) {
      ServerSettings child;
      child.name = name;
      child.command = {"python3", "-u", script_, name};
      child.max_processes = 2;
      child.stop_grace = 200ms;
      s.servers.push_back(child);
    }
    s.endpoints = {{"/web", {"web"}, true, false}, {"/mcp", {"child"}, true, false}, {"/modern", {"modern"}, true, false}, {"/closed", {"web"}, false, false}};
    return s;
  }

  void make() { gateway_.emplace(settings(), Ports{{&loop_}, &port_, nullptr, nullptr, {"mcp.example"}}); }

  template <class Done>
  void run_until(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) loop_.run_for_test(20ms);
  }
  // As the edge does it.
  static runtime::Task<void> serve(http::Handler& handler, FakeExchange& exchange) {
    if (auto refusal = handler.refuse_early(exchange)) {
      co_await exchange.respond(std::move(*refusal));
      co_return;
    }
    co_await handler.handle(exchange);
  }
  void begin(FakeExchange& exchange) {
    if (!gateway_) make();
    group_.spawn(serve(gateway_->handler(), exchange));
  }
  void run(FakeExchange& exchange) {
    begin(exchange);
    run_until([&] { return exchange.ended(); });
  }

  static http::Headers legacy(const std::string& session = {}) {
    http::Headers h{{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
    if (!session.empty()) h.emplace_back("Mcp-Session-Id", session);
    return h;
  }
  static std::string modern_body(const std::string& id, const std::string& method, const std::string& params = {}, const std::string& version = "2026-07-28") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method + R"(","params":{)" + params +
           R"("_meta":{"io.modelcontextprotocol/protocolVersion":")" + version + R"(","io.modelcontextprotocol/clientCapabilities":{}}}})";
  }
  static http::Headers modern(const std::string& method, http::Headers more = {}) {
    http::Headers h = legacy();
    h.emplace_back("MCP-Protocol-Version", "2026-07-28");
    h.emplace_back("Mcp-Method", method);
    h.insert(h.end(), more.begin(), more.end());
    return h;
  }
  std::string open_session(const std::string& path = "/mcp") {
    FakeExchange exchange(loop_, "POST", path, legacy(), kInitialize);
    run(exchange);
    EXPECT_EQ(exchange.status(), 200) << exchange.output();
    return exchange.header("Mcp-Session-Id");
  }

  runtime::Loop loop_;
  ScriptedPort port_;
  std::string script_;
  std::optional<Gateway> gateway_;
  runtime::TaskGroup group_;
};

}  // namespace gatehouse::mcp
