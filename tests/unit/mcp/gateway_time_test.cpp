// What the gateway does after a time, or when something is full.
#include "fakes/manual_clock.h"
#include "gateway_fixture.h"

namespace gatehouse::mcp {
namespace {

struct Hands {
  fakes::ManualClock clock_;
};

class GatewayTime : Hands, public GatewayTest {
 protected:
  GatewayTime() : GatewayTest(clock_) {}
  ~GatewayTime() override {  // before the clock
    group_.stop();
    gateway_.reset();
  }

  Settings settings() override {
    Settings s = GatewayTest::settings();
    for (ServerSettings& server : s.servers) server.call_timeout = call_timeout_;
    s.max_sessions = max_sessions_;
    s.max_sessions_per_principal = max_per_principal_;
    return s;
  }
  void pass(runtime::Duration time) {
    clock_.advance(time);
    loop_.run_for_test(20ms);
  }
  int initialize(const std::string& who, std::string* session = nullptr) {
    port_.json(R"({"jsonrpc":"2.0","id":"i","result":{"protocolVersion":"2025-11-25"}})", 200, "Mcp-Session-Id: s\r\n");
    FakeExchange exchange(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25"}})");
    exchange.who().name = who;
    run(exchange);
    if (session != nullptr) *session = exchange.header("Mcp-Session-Id");
    if (exchange.status() == 200) return 200;
    EXPECT_EQ(exchange.header("Retry-After"), "5");
    EXPECT_NE(exchange.output().find(R"("id":"i","error":{"code":-32603)"), std::string::npos) << exchange.output();
    port_.scripts.clear();
    return exchange.status();
  }

  std::chrono::milliseconds call_timeout_{300s};
  std::uint32_t max_sessions_ = 100, max_per_principal_ = 100;
};

TEST_F(GatewayTime, AnIdleSessionEndsAndItsServerIsTold) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: theirs\r\n");
  const std::string session = open_session("/web");
  pass(1795s);
  EXPECT_EQ(gateway_->session_count(), 1u);
  port_.json("{}");
  FakeExchange used(loop_, "POST", "/web", legacy(session), R"({"jsonrpc":"2.0","id":1,"method":"x"})");
  run(used);
  pass(1795s);
  EXPECT_EQ(gateway_->session_count(), 1u) << "the time counts from the last use";
  port_.json("", 200);
  pass(10s);
  EXPECT_EQ(gateway_->session_count(), 0u);
  EXPECT_EQ(port_.asked.back().method, "DELETE");
  EXPECT_EQ(port_.asked.back().header("Mcp-Session-Id"), "theirs");
}

TEST_F(GatewayTime, ASessionWithAnOpenStreamIsNotIdle) {
  const std::string session = open_session("/mcp");
  FakeExchange get(loop_, "GET", "/mcp", legacy(session));
  begin(get);
  pass(1h);
  pass(1h);
  EXPECT_EQ(gateway_->session_count(), 1u);
  get.go_away();
  pass(1s);
  pass(1h);
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(gateway_->session_count(), 0u);
  EXPECT_EQ(runtime::live_processes(), 0u);
}

TEST_F(GatewayTime, SilentStreamsArePingedEvery15Seconds) {
  const std::string session = open_session("/mcp");
  FakeExchange get(loop_, "GET", "/mcp", legacy(session)), post(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":1,"method":"hang"})");
  begin(get);
  begin(post);
  pass(14s);
  EXPECT_EQ(get.output(), "");
  EXPECT_FALSE(post.answered()) << "the answer may still be a plain document";
  pass(1s);
  EXPECT_EQ(get.output(), ": ping\n\n");
  EXPECT_EQ(post.output(), ": ping\n\n");
  pass(15s);
  EXPECT_EQ(get.output(), ": ping\n\n: ping\n\n");
  EXPECT_EQ(post.output(), ": ping\n\n: ping\n\n");
  group_.stop();  // both streams are still open, and the exchanges go first
}

TEST_F(GatewayTime, ACallToAChildHasADeadline) {
  call_timeout_ = 10s;
  const std::string session = open_session("/mcp");
  FakeExchange hang(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":"h","method":"hang"})");
  begin(hang);
  pass(9s);
  EXPECT_FALSE(hang.answered());
  pass(1s);
  EXPECT_EQ(hang.status(), 504);
  EXPECT_NE(hang.output().find(R"("id":"h","error":{"code":-32603)"), std::string::npos) << hang.output();
  FakeExchange echo(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":2,"method":"echo"})");
  run(echo);
  EXPECT_EQ(echo.status(), 200) << "the session goes on";
}

TEST_F(GatewayTime, AStreamThatBeganEndsWithTheTimeoutAsAnEvent) {
  call_timeout_ = 20s;
  const std::string session = open_session("/mcp");
  FakeExchange hang(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":"h","method":"hang"})");
  begin(hang);
  pass(15s);
  pass(5s);
  EXPECT_TRUE(hang.ended());
  EXPECT_EQ(hang.status(), 200);
  EXPECT_NE(hang.output().find(R"("id":"h","error":{"code":-32603)"), std::string::npos) << hang.output();
  EXPECT_NE(hang.output().find(R"({"reason":"timeout"})"), std::string::npos) << hang.output();
}

TEST_F(GatewayTime, AnHttpServerThatStopsInItsAnswerIsNotWaitedFor) {
  call_timeout_ = 10s;
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: ";
  port_.scripts.push_back({{}, head + "application/json\r\n\r\n", {"{\"jso"}, false, true});
  FakeExchange document(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":5,"method":"x"})");
  begin(document);
  pass(10s);
  EXPECT_EQ(document.status(), 504);
  port_.scripts.push_back({{}, head + "text/event-stream\r\n\r\n", {": hello\n\n"}, false, true});
  FakeExchange stream(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":6,"method":"x"})");
  begin(stream);
  pass(9s);
  EXPECT_EQ(stream.output(), ": hello\n\n");
  pass(1s);
  EXPECT_TRUE(stream.ended());
  EXPECT_NE(stream.output().find(R"("id":6,"error":{"code":-32603)"), std::string::npos) << stream.output();
}

TEST_F(GatewayTime, SessionsAreLimitedForEachUserAndInAll) {
  max_sessions_ = 3;
  max_per_principal_ = 2;
  std::string first;
  EXPECT_EQ(initialize("ada", &first), 200);
  EXPECT_EQ(initialize("ada"), 200);
  EXPECT_EQ(initialize("ada"), 429);
  EXPECT_EQ(initialize("eve"), 200);
  EXPECT_EQ(initialize("eve"), 503);
  FakeExchange remove(loop_, "DELETE", "/web", legacy(first));
  remove.who().name = "ada";
  port_.json("");
  run(remove);
  EXPECT_EQ(initialize("ada"), 200) << "an ended session gives its place back";
  EXPECT_EQ(gateway_->session_count(), 3u);
}

TEST_F(GatewayTime, AFailedInitializeGivesItsPlaceBack) {
  max_sessions_ = 1;
  port_.json("{}", 500);
  FakeExchange failed(loop_, "POST", "/web", legacy(), kInitialize);
  run(failed);
  EXPECT_EQ(initialize("ada"), 200);
}

}  // namespace
}  // namespace gatehouse::mcp
