// What is open ends when its credential is revoked, its user goes, or the daemon stops.
#include "fakes/manual_clock.h"
#include "gateway_fixture.h"

namespace gatehouse::mcp {
namespace {

struct Hands {
  fakes::ManualClock clock_;
};

class GatewayRevoked : Hands, public GatewayTest {
 protected:
  GatewayRevoked() : GatewayTest(clock_) {}
  ~GatewayRevoked() override {  // before the clock
    group_.stop();
    gateway_.reset();
  }

  std::unique_ptr<FakeExchange> exchange(const std::string& method, const std::string& path, http::Headers headers, const std::string& body,
                                         std::int64_t user, const std::string& credential) {
    auto made = std::make_unique<FakeExchange>(loop_, method, path, std::move(headers), body);
    made->who() = {.name = "bob", .credential = credential, .user_id = user, .superuser = false, .scopes = {}};
    return made;
  }
  std::string open_as(const std::string& path, std::int64_t user, const std::string& credential) {
    if (path == "/web") port_.json(kInitialized, 200, "Mcp-Session-Id: theirs\r\n");
    const auto opening = exchange("POST", path, legacy(), kInitialize, user, credential);
    run(*opening);
    EXPECT_EQ(opening->status(), 200) << opening->output();
    return opening->header("Mcp-Session-Id");
  }
  void revoke(const std::string& credential) {
    gateway_->end_unless([credential](const Caller& caller) { return caller.credential != credential; });
    loop_.run_for_test(20ms);
  }
  void pass(runtime::Duration time) {
    clock_.advance(time);
    loop_.run_for_test(20ms);
  }
  static std::string call(const std::string& method) { return R"({"jsonrpc":"2.0","id":"c","method":")" + method + "\"}"; }
};

TEST_F(GatewayRevoked, SessionsStreamsCallsAndChildrenOfTheCredentialEnd) {
  const std::string session = open_as("/mcp", 7, "key:1"), other = open_as("/mcp", 7, "key:2");
  const auto get = exchange("GET", "/mcp", legacy(session), "", 7, "key:1");
  const auto hang = exchange("POST", "/mcp", legacy(session), call("hang"), 7, "key:1");
  const auto kept = exchange("GET", "/mcp", legacy(other), "", 7, "key:2");
  for (const auto* open : {&get, &hang, &kept}) begin(**open);
  loop_.run_for_test(50ms);
  revoke("key:1");
  EXPECT_TRUE(get->ended());
  EXPECT_EQ(hang->status(), 401);
  EXPECT_NE(hang->output().find(R"("id":"c","error":{)"), std::string::npos) << hang->output();
  EXPECT_FALSE(kept->ended());
  EXPECT_EQ(gateway_->session_count(), 1u);
  run_until([] { return runtime::live_processes() == 1; });
  EXPECT_EQ(runtime::live_processes(), 1u);
  group_.stop();
}

TEST_F(GatewayRevoked, AStreamThatBeganEndsWithAnErrorEvent) {
  const auto post = exchange("POST", "/mcp", legacy(open_as("/mcp", 7, "key:1")), call("hang"), 7, "key:1");
  begin(*post);
  pass(15s);
  ASSERT_TRUE(post->streaming());
  revoke("key:1");
  EXPECT_TRUE(post->ended());
  EXPECT_NE(post->output().find(R"({"reason":"revoked"})"), std::string::npos) << post->output();
}

TEST_F(GatewayRevoked, ASessionToAnHttpServerEndsAndTheServerIsTold) {
  const std::string session = open_as("/web", 7, "key:1");
  port_.scripts.push_back({{}, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", {": hello\n\n"}, false, true});
  const auto get = exchange("GET", "/web", legacy(session), "", 7, "key:1");
  port_.scripts.push_back({{}, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", {"{"}, false, true});
  const auto post = exchange("POST", "/web", legacy(session), call("x"), 7, "key:1");
  begin(*get);
  begin(*post);
  loop_.run_for_test(20ms);
  EXPECT_EQ(get->output(), ": hello\n\n");
  port_.json("", 200);
  revoke("key:1");
  EXPECT_TRUE(get->ended());
  EXPECT_EQ(post->status(), 401);
  EXPECT_EQ(port_.asked.back().method, "DELETE");
  EXPECT_EQ(port_.asked.back().header("Mcp-Session-Id"), "theirs");
  EXPECT_EQ(gateway_->session_count(), 0u);
}

TEST_F(GatewayRevoked, ASharedChildEndsWithItsUserAndNotWithOneOfTheirKeys) {
  const auto first = exchange("POST", "/modern", modern("echo"), modern_body("1", "echo"), 7, "key:1");
  run(*first);
  ASSERT_EQ(first->status(), 200) << first->output();
  const auto hang = exchange("POST", "/modern", modern("hang"), modern_body("2", "hang"), 7, "key:1");
  begin(*hang);
  loop_.run_for_test(50ms);
  revoke("key:1");
  EXPECT_EQ(hang->status(), 401);
  const auto again = exchange("POST", "/modern", modern("echo"), modern_body("1", "echo"), 7, "key:2");
  run(*again);
  EXPECT_EQ(again->status(), 200) << again->output();
  EXPECT_EQ(runtime::live_processes(), 1u);
  gateway_->end_unless([](const Caller& caller) { return caller.user_id != 7; });
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(runtime::live_processes(), 0u);
}

TEST_F(GatewayRevoked, ASessionBelongsToTheUserAndNotToTheName) {
  const std::string session = open_as("/mcp", 7, "key:1");
  const auto namesake = exchange("POST", "/mcp", legacy(session), call("echo"), 8, "key:9");
  run(*namesake);
  EXPECT_EQ(namesake->status(), 404);
  const auto owner = exchange("POST", "/mcp", legacy(session), call("echo"), 7, "key:3");
  run(*owner);
  EXPECT_EQ(owner->status(), 200) << "another key of the same user";
}

TEST_F(GatewayRevoked, CallsThatAreOpenAtTheEndOfADrainAreAnswered) {
  const auto hang = exchange("POST", "/mcp", legacy(open_as("/mcp", 7, "key:1")), call("hang"), 7, "key:1");
  begin(*hang);
  loop_.run_for_test(20ms);
  gateway_->drain(10s);
  loop_.run_for_test(20ms);
  pass(9s);
  EXPECT_FALSE(hang->answered());
  pass(500ms);
  EXPECT_EQ(hang->status(), 503);
  EXPECT_NE(hang->output().find(R"("id":"c","error":{"code":-32603)"), std::string::npos) << hang->output();
  EXPECT_NE(hang->output().find(R"({"reason":"draining"})"), std::string::npos) << hang->output();
  EXPECT_EQ(hang->header("Retry-After"), "5");
}

}  // namespace
}  // namespace gatehouse::mcp
