#include "demo_server.h"

#include <gtest/gtest.h>

namespace gatehouse::app {
namespace {

class Demo : public testing::Test {
 protected:
  Json ask(const Json& message) {
    reply_ = server_.handle(message.dump());
    return reply_.messages.empty() ? Json() : Json::parse(reply_.messages.back());
  }
  Json legacy(const std::string& method, Json params = Json::object()) {
    return ask({{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}});
  }
  Json modern(const std::string& method, Json params = Json::object(), const std::string& version = "2026-07-28") {
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = version;
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = Json::object();
    return legacy(method, std::move(params));
  }
  void initialize(const std::string& version = "2025-11-25") { legacy("initialize", {{"protocolVersion", version}}); }
  static std::string text(const Json& answer) { return answer["result"]["content"][0]["text"]; }

  DemoServer server_{{"tests", "1"}};
  DemoReply reply_;
};

TEST_F(Demo, NegotiatesTheVersion) {
  for (const char* const version : {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"}) {
    EXPECT_EQ(legacy("initialize", {{"protocolVersion", version}})["result"]["protocolVersion"], version);
  }
  EXPECT_EQ(legacy("initialize", {{"protocolVersion", "2026-07-28"}})["result"]["protocolVersion"], "2025-11-25");
  EXPECT_EQ(legacy("initialize", {{"protocolVersion", "1999"}})["result"]["protocolVersion"], "2025-11-25");
  EXPECT_EQ(legacy("initialize")["error"]["code"], -32602);
}

TEST_F(Demo, WantsInitializeFirst) {
  EXPECT_EQ(legacy("tools/list")["error"]["code"], -32600);
  EXPECT_TRUE(legacy("ping")["result"].is_object());
  initialize();
  EXPECT_EQ(legacy("tools/list")["result"]["tools"].size(), 5u);
}

TEST_F(Demo, KeepsTheTypeOfTheId) {
  initialize();
  EXPECT_EQ(ask({{"jsonrpc", "2.0"}, {"id", "1"}, {"method", "ping"}})["id"], "1");
  EXPECT_EQ(ask({{"jsonrpc", "2.0"}, {"id", 1}, {"method", "ping"}})["id"], 1);
}

TEST_F(Demo, RefusesWhatIsNoRequest) {
  EXPECT_EQ(Json::parse(server_.handle("{nope").messages.at(0))["error"]["code"], -32700);
  EXPECT_EQ(Json::parse(server_.handle(std::string(5000, '[')).messages.at(0))["error"]["code"], -32700);
  for (const char* const bad : {"[]", "1", "{}", R"({"jsonrpc":"2.0","id":null,"method":"ping"})", R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
                                R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", R"({"jsonrpc":"2.0","id":1,"method":7})"}) {
    const DemoReply reply = server_.handle(std::string_view(bad));
    ASSERT_EQ(reply.messages.size(), 1u) << bad;
    EXPECT_EQ(Json::parse(reply.messages[0])["error"]["code"], -32600) << bad;
    EXPECT_EQ(reply.status, 400);
  }
}

TEST_F(Demo, GivesTheIdBackOfWhatItCannotRead) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  for (const std::string& params : {std::string("1e999"), std::string(R"("\ud800")"), deep}) {
    const DemoReply reply = server_.handle(R"({"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":)" + params + "}}");
    ASSERT_EQ(reply.messages.size(), 1u) << params;
    const Json answer = Json::parse(reply.messages[0]);
    EXPECT_EQ(answer["error"]["code"], -32700) << params;
    EXPECT_EQ(answer["id"], "x") << params;
  }
  EXPECT_EQ(Json::parse(server_.handle("{nope").messages.at(0))["id"], nullptr);
}

TEST_F(Demo, NotificationsAndAnswersAreTakenSilently) {
  for (const char* const message : {R"({"jsonrpc":"2.0","method":"notifications/initialized"})", R"({"jsonrpc":"2.0","method":"whatever"})",
                                    R"({"jsonrpc":"2.0","id":1,"result":{}})"}) {
    const DemoReply reply = server_.handle(std::string_view(message));
    EXPECT_TRUE(reply.messages.empty()) << message;
    EXPECT_EQ(reply.status, 202);
  }
}

TEST_F(Demo, Tools) {
  initialize();
  EXPECT_EQ(text(legacy("tools/call", {{"name", "say_hello"}, {"arguments", {{"name", "Ada"}}}})), "Hello Ada! Greetings from tests!");
  EXPECT_EQ(text(legacy("tools/call", {{"name", "say_hello"}})), "Hello World! Greetings from tests!");
  EXPECT_EQ(text(legacy("tools/call", {{"name", "echo_message"}, {"arguments", {{"message", "ü\n"}}}})), "ü\n");
  EXPECT_EQ(Json::parse(text(legacy("tools/call", {{"name", "get_server_info"}})))["hello_from"], "tests");
  EXPECT_EQ(legacy("tools/call", {{"name", "echo_message"}})["result"]["isError"], true);
  EXPECT_EQ(legacy("tools/call", {{"name", "nope"}})["error"]["code"], -32602);
  EXPECT_EQ(legacy("tools/call", {{"name", "say_hello"}, {"arguments", "x"}})["error"]["code"], -32602);
  EXPECT_FALSE(legacy("tools/list")["result"].contains("resultType"));
}

TEST_F(Demo, CountsWithProgress) {
  initialize();
  legacy("tools/call", {{"name", "count_slowly"}, {"arguments", {{"count", 2}, {"delay_ms", 30}}}, {"_meta", {{"progressToken", "t"}}}});
  ASSERT_EQ(reply_.slow.size(), 1u);
  EXPECT_TRUE(reply_.messages.empty());
  EXPECT_EQ(reply_.slow.at(0)->delay(), std::chrono::milliseconds(30));
  const SlowCall::Step first = reply_.slow.at(0)->step();
  ASSERT_EQ(first.messages.size(), 1u);
  EXPECT_FALSE(first.last);
  const Json progress = Json::parse(first.messages[0]);
  EXPECT_EQ(progress["method"], "notifications/progress");
  EXPECT_EQ(progress["params"]["progressToken"], "t");
  EXPECT_EQ(progress["params"]["progress"], 1);
  EXPECT_EQ(progress["params"]["total"], 2);
  const SlowCall::Step second = reply_.slow.at(0)->step();
  ASSERT_EQ(second.messages.size(), 2u);
  EXPECT_TRUE(second.last);
  EXPECT_EQ(text(Json::parse(second.messages[1])), "counted to 2");
}

TEST_F(Demo, CountsSilentlyWithoutAToken) {
  initialize();
  legacy("tools/call", {{"name", "count_slowly"}, {"arguments", {{"count", 1}, {"delay_ms", 0}}}});
  EXPECT_EQ(reply_.slow.at(0)->step().messages.size(), 1u);
  for (const Json& bad : {Json{{"count", 0}, {"delay_ms", 0}}, Json{{"count", 1}}, Json{{"count", 1}, {"delay_ms", 60'001}}, Json{{"count", 1.5}, {"delay_ms", 0}}}) {
    EXPECT_EQ(legacy("tools/call", {{"name", "count_slowly"}, {"arguments", bad}})["result"]["isError"], true) << bad;
  }
}

TEST_F(Demo, ACallCanBeCancelled) {
  initialize();
  legacy("tools/call", {{"name", "count_slowly"}, {"arguments", {{"count", 1}, {"delay_ms", 0}}}});
  const auto slow = reply_.slow.at(0);
  bool told = false;
  slow->on_cancel = [&told] { told = true; };
  ask({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", "1"}}}});
  EXPECT_FALSE(slow->cancelled()) << "the text \"1\" is another id than the number 1";
  ask({{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 1}}}});
  EXPECT_TRUE(slow->cancelled());
  EXPECT_TRUE(told);
}

TEST_F(Demo, TakesBatchesWhereTheyBelong) {
  const Json ping = {{"jsonrpc", "2.0"}, {"id", "a"}, {"method", "ping"}};
  for (const char* const version : {"2025-11-25", "2025-06-18", "2024-11-05"}) {
    initialize(version);
    EXPECT_EQ(ask(Json::array({ping}))["error"]["code"], -32600) << version;
    EXPECT_EQ(reply_.status, 400) << version;
  }
  initialize("2025-03-26");
  const Json slow = {{"jsonrpc", "2.0"}, {"id", 2}, {"method", "tools/call"},
                     {"params", {{"name", "count_slowly"}, {"arguments", {{"count", 1}, {"delay_ms", 0}}}}}};
  ask(Json::array({ping, {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}, slow}));
  EXPECT_TRUE(reply_.batch);
  EXPECT_EQ(reply_.status, 200);
  ASSERT_EQ(reply_.messages.size(), 1u);
  EXPECT_EQ(Json::parse(reply_.messages[0])["id"], "a");
  ASSERT_EQ(reply_.slow.size(), 1u);
  EXPECT_EQ(Json::parse(reply_.slow.at(0)->step().messages.back())["id"], 2);
}

TEST_F(Demo, ABatchOfNotificationsHasNoAnswer) {
  initialize("2025-03-26");
  ask(Json::array({{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}}));
  EXPECT_TRUE(reply_.messages.empty());
  EXPECT_EQ(reply_.status, 202);
}

TEST_F(Demo, RefusesWhatBelongsToNoBatch) {
  initialize("2025-03-26");
  EXPECT_EQ(ask(Json::array())["error"]["code"], -32600);
  EXPECT_EQ(ask(Json(std::vector<Json>(101, Json::object())))["error"]["code"], -32600);
  const Json modern = {{"_meta", {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"}}}};
  ask(Json::array({Json::array(), 7, {{"jsonrpc", "2.0"}, {"id", 1}, {"method", "initialize"}, {"params", {{"protocolVersion", "2025-11-25"}}}},
                   {{"jsonrpc", "2.0"}, {"id", 2}, {"method", "tools/list"}, {"params", modern}},
                   {{"jsonrpc", "2.0"}, {"id", 3}, {"method", "ping"}}}));
  ASSERT_EQ(reply_.messages.size(), 5u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(Json::parse(reply_.messages[i])["error"]["code"], -32600) << i;
  EXPECT_TRUE(Json::parse(reply_.messages[4]).contains("result"));
}

TEST_F(Demo, AnnouncesNewTools) {
  initialize();
  legacy("tools/call", {{"name", "trigger_list_changed"}});
  ASSERT_EQ(reply_.unrelated.size(), 1u);
  EXPECT_EQ(Json::parse(reply_.unrelated[0])["method"], "notifications/tools/list_changed");
}

TEST_F(Demo, LogsFromTheLevelThatWasSet) {
  initialize();
  legacy("tools/call", {{"name", "say_hello"}});
  EXPECT_EQ(reply_.messages.size(), 1u);
  EXPECT_EQ(legacy("logging/setLevel", {{"level", "loud"}})["error"]["code"], -32602);
  legacy("logging/setLevel", {{"level", "info"}});
  legacy("tools/call", {{"name", "say_hello"}});
  ASSERT_EQ(reply_.messages.size(), 2u);
  EXPECT_EQ(Json::parse(reply_.messages[0])["method"], "notifications/message");
  legacy("logging/setLevel", {{"level", "error"}});
  legacy("tools/call", {{"name", "say_hello"}});
  EXPECT_EQ(reply_.messages.size(), 1u);
}

TEST_F(Demo, DiscoversInTheStatelessEra) {
  const Json result = modern("server/discover")["result"];
  EXPECT_EQ(result["supportedVersions"][0], "2026-07-28");
  EXPECT_EQ(result["resultType"], "complete");
  EXPECT_EQ(result["cacheScope"], "public");
  EXPECT_GE(result["ttlMs"], 0);
  EXPECT_EQ(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "gatehouse-demo");
  const Json list = modern("tools/list")["result"];
  EXPECT_EQ(list["tools"].size(), 5u);
  EXPECT_EQ(list["cacheScope"], "public");
  EXPECT_EQ(text(modern("tools/call", {{"name", "say_hello"}})), "Hello World! Greetings from tests!");
}

TEST_F(Demo, TheStatelessEraHasItsOwnErrors) {
  const Json version = modern("tools/list", Json::object(), "2030-01-01");
  EXPECT_EQ(version["error"]["code"], -32022);
  EXPECT_EQ(version["error"]["data"]["requested"], "2030-01-01");
  EXPECT_EQ(version["error"]["data"]["supported"][0], "2026-07-28");
  EXPECT_EQ(reply_.status, 400);
  for (const char* const gone : {"initialize", "ping", "logging/setLevel", "nope"}) {
    EXPECT_EQ(modern(gone)["error"]["code"], -32601) << gone;
    EXPECT_EQ(reply_.status, 404) << gone;
  }
  const Json bare = legacy("tools/list", {{"_meta", {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"}}}});
  EXPECT_EQ(bare["error"]["code"], -32602);
  EXPECT_EQ(reply_.status, 400);
  EXPECT_EQ(legacy("server/discover")["error"]["code"], -32601);
}

TEST_F(Demo, ASlowCallOfTheStatelessEraIsDressed) {
  modern("tools/call", {{"name", "count_slowly"}, {"arguments", {{"count", 1}, {"delay_ms", 0}}}});
  const Json result = Json::parse(reply_.slow.at(0)->step().messages.back())["result"];
  EXPECT_EQ(result["resultType"], "complete");
  EXPECT_TRUE(result["_meta"].contains("io.modelcontextprotocol/serverInfo"));
}

}  // namespace
}  // namespace gatehouse::app
