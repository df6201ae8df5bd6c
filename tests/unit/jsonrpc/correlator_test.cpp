#include "gatehouse/jsonrpc/correlator.h"

#include <gtest/gtest.h>

namespace gatehouse::jsonrpc {
namespace {

using To = Correlator::Incoming::To;

TEST(Correlator, IdsAndTokensComeBackByteForByte) {
  for (const std::string id : {"1", "\"1\"", "-0", "9007199254740993", R"("a\u0062\"")", "\"\xC3\xA9\""}) {
    for (const std::string token : {"5", "\"5\"", R"("\/")"}) {
      Correlator c(Era::kLegacy);
      const std::string body = R"({ "params":{"_meta":{"progressToken": )" + token + R"( },"arguments":{"id":1,"x":"1"}},"id":)" + id +
                               ",\n\"method\":\"tools/call\",\"jsonrpc\":\"2.0\"}";
      const Correlator::Outgoing out = c.begin(scan(body), 1);
      EXPECT_EQ(out.line, "{ \"params\":{\"_meta\":{\"progressToken\": 1 },\"arguments\":{\"id\":1,\"x\":\"1\"}},\"id\":1, \"method\":\"tools/call\",\"jsonrpc\":\"2.0\"}\n");
      auto progress = c.route(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":1}})");
      ASSERT_EQ(progress.size(), 1u);
      EXPECT_EQ(progress[0].to, To::kCall);
      EXPECT_EQ(progress[0].bytes, R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" + token + "}}");
      auto answer = c.route(R"({"jsonrpc":"2.0","id":1,"result":{"id":1}})");
      EXPECT_TRUE(answer[0].answer);
      EXPECT_EQ(answer[0].bytes, R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"id":1}})");
      EXPECT_EQ(c.open_calls(), 0u);
    }
  }
}

TEST(Correlator, EqualIdsOfTwoClientsStayApart) {
  Correlator c(Era::kModern);
  const std::string text = R"({"jsonrpc":"2.0","id":7,"method":"tools/list"})";
  const auto first = c.begin(scan(text), 1), second = c.begin(scan(text), 2);
  EXPECT_NE(first.number, second.number);
  EXPECT_EQ(c.route(R"({"jsonrpc":"2.0","id":2,"result":{}})")[0].group, 2u);
  EXPECT_EQ(c.route(R"({"jsonrpc":"2.0","id":1,"result":{}})")[0].group, 1u);
  EXPECT_STREQ(c.route(R"({"jsonrpc":"2.0","id":1,"result":{}})")[0].reason, "unknown_id");
}

TEST(Correlator, ServerRequestGoesToTheOnlyCallElseToTheStandaloneStream) {
  Correlator c(Era::kLegacy);
  const std::string request = R"({"jsonrpc":"2.0","id":0,"method":"roots/list"})";
  EXPECT_EQ(c.route(request)[0].to, To::kStandalone);
  c.begin(scan(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"), 1);
  EXPECT_EQ(c.route(request)[0].to, To::kCall);
  EXPECT_EQ(c.route(request)[0].bytes, request);
  c.begin(scan(R"({"jsonrpc":"2.0","id":2,"method":"tools/call"})"), 2);
  EXPECT_EQ(c.route(request)[0].to, To::kStandalone);
  c.abandon(2);
  EXPECT_EQ(c.route(request)[0].to, To::kCall);
}

TEST(Correlator, ModernServerRequestsAreRefusedAndLogsNeedALevel) {
  Correlator c(Era::kModern);
  EXPECT_EQ(c.route(R"({"jsonrpc":"2.0","id":5,"method":"roots/list"})")[0].to, To::kServer);
  const std::string log = R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})";
  c.begin(scan(R"({"jsonrpc":"2.0","id":1,"method":"tools/call"})"), 1);
  EXPECT_EQ(c.route(log)[0].to, To::kNobody);
  c.begin(scan(R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/logLevel":"info"}}})"), 2);
  EXPECT_EQ(c.route(log)[0].group, 2u);
}

TEST(Correlator, SubscriptionIdsAreRestored) {
  Correlator c(Era::kModern);
  c.begin(scan(R"({"jsonrpc":"2.0","id":"sub","method":"subscriptions/listen"})"), 9);
  const auto event = c.route(
      R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}})");
  EXPECT_EQ(event[0].group, 9u);
  EXPECT_NE(event[0].bytes.find(R"(subscriptionId":"sub"})"), std::string::npos);
  const auto end = c.route(R"({"jsonrpc":"2.0","id":1,"result":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}})");
  EXPECT_EQ(end[0].bytes, R"({"jsonrpc":"2.0","id":"sub","result":{"_meta":{"io.modelcontextprotocol/subscriptionId":"sub"}}})");
}

TEST(Correlator, CancelNamesOurNumber) {
  Correlator c(Era::kLegacy);
  c.begin(scan(R"({"jsonrpc":"2.0","id":"x","method":"a"})"), 1);
  const std::string cancel = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x"}})";
  EXPECT_EQ(c.translate(scan(cancel)), R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})" "\n");
  c.forget(1);
  EXPECT_EQ(c.translate(scan(cancel)), std::nullopt);
}

TEST(Correlator, GarbageAndUnusableAnswers) {
  Correlator c(Era::kLegacy);
  EXPECT_STREQ(c.route("Listening on stdio")[0].reason, "garbage");
  c.begin(scan(R"({"jsonrpc":"2.0","id":3,"method":"a"})"), 1);
  const auto answer = c.route(R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})");
  EXPECT_TRUE(answer[0].answer);
  EXPECT_TRUE(answer[0].failed);
  EXPECT_EQ(answer[0].id, "3");
}

}  // namespace
}  // namespace gatehouse::jsonrpc
