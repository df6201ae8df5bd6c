#include "gatehouse/client/mcp_client.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake_server.h"
#include "mcp_message.h"

namespace gatehouse::client {
namespace {

std::string json(std::string_view body, std::string_view extra = {}) { return http_answer(200, "application/json", body, extra); }

const std::string kInitialized = json(
    R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"9"}}})",
    "Mcp-Session-Id: abc\r\n");
const std::string kAccepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
const std::string kDeleted = "HTTP/1.1 204 No Content\r\n\r\n";

std::vector<std::string> after_handshake(std::vector<std::string> more) {
  std::vector<std::string> all{kInitialized, kAccepted};
  all.insert(all.end(), more.begin(), more.end());
  all.push_back(kDeleted);
  return all;
}

std::unique_ptr<McpClient> connect(const FakeServer& server, McpTarget target = {}) {
  target.url = "http://gatehouse/mcp/demo";
  target.unix_socket = server.name();
  auto client = McpClient::connect(std::move(target));
  EXPECT_TRUE(client.ok()) << client.error().message;
  return client.ok() ? std::move(*client) : nullptr;
}

TEST(McpClient, ShakesHandsAndEndsTheSession) {
  FakeServer server(after_handshake({}));
  McpTarget target;
  target.bearer = Secret("key");
  auto client = connect(server, std::move(target));
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->server().name, "s");
  EXPECT_EQ(client->server().protocol_version, "2025-06-18");
  client.reset();
  const auto& requests = server.stop();
  ASSERT_EQ(requests.size(), 3u);
  const Json first = Json::parse(body_of(requests[0]));
  EXPECT_EQ(first["method"], "initialize");
  EXPECT_EQ(first["params"]["protocolVersion"], "2025-11-25");
  EXPECT_EQ(requests[0].find("Mcp-Session-Id"), std::string::npos);
  EXPECT_NE(requests[0].find("Accept: application/json, text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(requests[0].find("Authorization: Bearer key\r\n"), std::string::npos);
  EXPECT_EQ(body_of(requests[1]), R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  EXPECT_NE(requests[1].find("Mcp-Session-Id: abc\r\n"), std::string::npos);
  EXPECT_NE(requests[1].find("MCP-Protocol-Version: 2025-06-18\r\n"), std::string::npos);
  EXPECT_TRUE(requests[2].starts_with("DELETE /mcp/demo "));
  EXPECT_NE(requests[2].find("Mcp-Session-Id: abc\r\n"), std::string::npos);
}

TEST(McpClient, ListsAllPages) {
  FakeServer server(after_handshake(
      {json(R"({"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a","title":"A","inputSchema":{"type":"object"}}],"nextCursor":""}})"),
       json(R"({"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"b","description":"does b"}]}})")}));
  auto client = connect(server);
  auto tools = client->tools();
  ASSERT_TRUE(tools.ok()) << tools.error().message;
  ASSERT_EQ(tools->size(), 2u);
  EXPECT_EQ((*tools)[0].title, "A");
  EXPECT_EQ((*tools)[0].input_schema, R"({"type":"object"})");
  EXPECT_EQ((*tools)[1].description, "does b");
  client.reset();
  EXPECT_EQ(Json::parse(body_of(server.stop().at(3)))["params"]["cursor"], "");
}

TEST(McpClient, ReadsNotificationsBeforeTheResult) {
  const std::string stream =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
      "id: 1\ndata:\n\n"
      ": keep-alive\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":1}}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":2,\ndata: \"result\":{\"content\":[{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"image\"}]}}\n\n";
  FakeServer server(after_handshake({stream}));
  std::vector<std::string> seen;
  McpTarget target;
  target.on_notification = [&seen](std::string_view method, std::string_view params) {
    seen.push_back(std::string(method) + std::string(params));
  };
  auto client = connect(server, std::move(target));
  auto result = client->call("say", R"({"x":1})");
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_FALSE(result->is_error);
  EXPECT_EQ(result->texts, std::vector<std::string>{"hi"});
  EXPECT_EQ(seen, std::vector<std::string>{R"(notifications/progress{"progress":1})"});
  client.reset();
  const Json sent = Json::parse(body_of(server.stop().at(2)));
  EXPECT_EQ(sent["params"]["name"], "say");
  EXPECT_EQ(sent["params"]["arguments"]["x"], 1);
  EXPECT_EQ(sent["params"]["_meta"]["progressToken"], 2);
}

TEST(McpClient, AnswersTheServersRequests) {
  const std::string stream =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"sampling/createMessage\"}\n\n"
      "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}\n\n";
  FakeServer server(after_handshake({stream, kAccepted, kAccepted}));
  auto client = connect(server);
  EXPECT_TRUE(client->tools().ok());
  client.reset();
  const auto& requests = server.stop();
  EXPECT_EQ(Json::parse(body_of(requests.at(3))), Json::parse(R"({"jsonrpc":"2.0","id":"p","result":{}})"));
  EXPECT_EQ(Json::parse(body_of(requests.at(4)))["error"]["code"], -32601);
}

TEST(McpClient, AToolThatFailsIsAResult) {
  FakeServer server(after_handshake({json(R"({"jsonrpc":"2.0","id":2,"result":{"isError":true,"content":[{"type":"text","text":"no"}]}})")}));
  auto client = connect(server);
  auto result = client->call("x", "{}");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->is_error);
}

TEST(McpClient, PassesTheServersWordsOn) {
  FakeServer server(after_handshake({json(R"({"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"Unknown tool: x"}})"),
                                     http_answer(404, "application/json", R"({"jsonrpc":"2.0","id":3,"error":{"code":-32601,"message":"none"}})")}));
  auto client = connect(server);
  auto result = client->call("x", "{}");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().slug, "mcp-error");
  EXPECT_EQ(result.error().message, "the server says \"Unknown tool: x\" (-32602)");
  EXPECT_EQ(client->tools().error().slug, "mcp-error");
  EXPECT_EQ(client->call("x", "[1]").error().slug, "bad-arguments");
}

TEST(McpClient, StatusesHaveNames) {
  const std::pair<int, const char*> cases[] = {{401, "unauthorized"}, {403, "unauthorized"}, {404, "not-found"}, {502, "mcp-status"}};
  for (const auto& [status, slug] : cases) {
    FakeServer server({http_answer(status, "application/problem+json", R"({"detail":"because"})")});
    McpTarget target;
    target.url = "http://gatehouse/mcp/demo";
    target.unix_socket = server.name();
    auto client = McpClient::connect(std::move(target));
    ASSERT_FALSE(client.ok());
    EXPECT_EQ(client.error().slug, slug);
    EXPECT_NE(client.error().message.find("because"), std::string::npos);
  }
}

TEST(McpClient, RefusesNonsense) {
  const char* const answers[] = {"", "x", "[]", "{}", R"({"jsonrpc":"2.0","id":2})", R"({"jsonrpc":"2.0","id":2,"result":[]})",
                                 R"({"jsonrpc":"2.0","id":"2","result":{"tools":[]}})", R"({"jsonrpc":"2.0","id":2,"result":{"tools":[{}]}})",
                                 R"({"jsonrpc":"2.0","id":2,"error":"x"})", R"({"jsonrpc":2,"id":2,"result":{}})"};
  for (const char* const answer : answers) {
    FakeServer server(after_handshake({json(answer)}));
    auto client = connect(server);
    auto tools = client->tools();
    ASSERT_FALSE(tools.ok()) << answer;
    EXPECT_EQ(tools.error().slug, "bad-answer") << answer;
  }
}

TEST(McpClient, RefusesAnUnknownVersion) {
  FakeServer server({json(R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2030-01-01"}})")});
  McpTarget target;
  target.url = "http://gatehouse/mcp";
  target.unix_socket = server.name();
  EXPECT_EQ(McpClient::connect(std::move(target)).error().slug, "bad-answer");
}

TEST(McpMessage, DepthIsLimited) {
  const std::string deep = R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  EXPECT_FALSE(sort_message(deep, 1).ok());
  EXPECT_TRUE(parse_json("[[[1]]]").is_array());
}

}  // namespace
}  // namespace gatehouse::client
