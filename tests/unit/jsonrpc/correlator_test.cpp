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

TEST(Correlator, CancelledIdsAreComparedByWhatTheySay) {
  Correlator c(Era::kLegacy);
  c.begin(scan(R"({"jsonrpc":"2.0","id":"a\u0062","method":"a"})"), 1);
  c.begin(scan(R"({"jsonrpc":"2.0","id":7,"method":"a"})"), 2);
  const std::string cancel = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)";
  EXPECT_EQ(c.translate(scan(cancel + R"("7"}})")), std::nullopt) << "a string is no number";
  EXPECT_EQ(c.translate(scan(cancel + R"("ab"}})")), cancel + "1}}\n");
  EXPECT_TRUE(c.take_if_id(R"("7")").empty());
  const auto taken = c.take_if_id(R"("\u0061b")");
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].second.id, R"("a\u0062")");
}

TEST(Correlator, AnUnreadableAnswerFailsItsCall) {
  const auto reason_of = [](const std::string& line) -> std::string {
    Correlator c(Era::kLegacy);
    c.begin(scan(R"({"jsonrpc":"2.0","id":"x","method":"a"})"), 5);
    const auto got = c.route(line);
    if (!got[0].answer) return std::string("nobody: ") + got[0].reason;
    EXPECT_TRUE(got[0].failed && got[0].id == R"("x")" && got[0].group == 5 && got[0].bytes.empty()) << line;
    EXPECT_EQ(c.open_calls(), 0u);
    return got[0].reason;
  };
  EXPECT_EQ(reason_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}"), "utf8");
  EXPECT_EQ(reason_of("{\"result\":\"\xff\",\"jsonrpc\":\"2.0\",\"id\":1}"), "utf8");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"result":)" + std::string(2000, '[') + std::string(2000, ']') + "}"), "depth");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":"1","result":{}})"), "id_type");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"id":2,"result":{}})"), "duplicate_key");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"result":{})"), "comma");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"result":{},"Method":"x"})"), "letter_case");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"},"method":"x"})"), "method_and_result");
  EXPECT_EQ(reason_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"result\":\"\xff\"}"), "utf8");
  EXPECT_EQ(reason_of(R"({"jsonrpc":"2.0","id":1,"Method":"x"})"), "nobody: bad_message");
  EXPECT_EQ(reason_of("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}"), "nobody: garbage") << "the server's own ids are not ours";
  EXPECT_EQ(reason_of("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"\xff\"}"), "nobody: garbage");
  EXPECT_EQ(reason_of("{\"level\":30,\"msg\":\"\xff\"}"), "nobody: garbage");
  EXPECT_EQ(reason_of(R"({"result":"\"id\":1})"), "nobody: garbage");
}

TEST(Correlator, AByteOrderMarkIsSkipped) {
  Correlator c(Era::kLegacy);
  c.begin(scan(R"({"jsonrpc":"2.0","id":"x","method":"a"})"), 1);
  EXPECT_EQ(c.route("\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}")[0].bytes, R"({"jsonrpc":"2.0","id":"x","result":{}})");
}

TEST(Correlator, AnErrorWithoutAnIdIsForTheOnlyCall) {
  const std::string error = R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"},"id":null})";
  Correlator c(Era::kLegacy);
  EXPECT_STREQ(c.route(error)[0].reason, "unknown_id");
  c.begin(scan(R"({"jsonrpc":"2.0","id":"a","method":"tools/call"})"), 1);
  c.begin(scan(R"({"jsonrpc":"2.0","id":"b","method":"tools/call"})"), 2);
  EXPECT_EQ(c.route(error)[0].to, To::kNobody) << "which of the two is meant?";
  EXPECT_EQ(c.route(R"({"jsonrpc":"2.0","id":2,"result":{}})")[0].group, 2u);
  const auto answer = c.route(error);
  ASSERT_EQ(answer.size(), 1u);
  EXPECT_TRUE(answer[0].answer && !answer[0].failed);
  EXPECT_EQ(answer[0].bytes, R"({"jsonrpc":"2.0","id":"a","error":{"code":-32700,"message":"Parse error"}})");
  EXPECT_EQ(answer[0].error_code, -32700);
  EXPECT_EQ(c.open_calls(), 0u);
}

TEST(Correlator, ALineThatWasTooLongFailsItsCall) {
  Correlator c(Era::kLegacy);
  const auto begin = [&](int id) { return c.begin(scan(R"({"jsonrpc":"2.0","id":)" + std::to_string(id) + R"(,"method":"a"})"), 1).number; };
  const std::string head = R"({"result":{"content":[{"text":"xxxx)";
  begin(11);
  EXPECT_STREQ(c.route_too_long(R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":"xx)", "xx\"}}").reason, "too_long");
  EXPECT_EQ(c.open_calls(), 1u) << "a notification is no answer";
  EXPECT_EQ(c.route_too_long(head, "xx\"}]},\"jsonrpc\":\"2.0\"}").id, "11") << "it can belong to nobody else";
  const auto first = begin(12);
  begin(13);
  EXPECT_FALSE(c.route_too_long(head, "xx\"}]}}").answer);
  const auto last_member = c.route_too_long(head, "xx\"}]},\"jsonrpc\":\"2.0\",\"id\":" + std::to_string(first) + " }");
  EXPECT_TRUE(last_member.answer && last_member.failed);
  EXPECT_EQ(last_member.id, "12");
  begin(14);
  const std::string number = std::to_string(first + 1);
  EXPECT_FALSE(c.route_too_long(R"({"jsonrpc":"2.0","id":)" + number, "xx").answer) << "the number may go on";
  EXPECT_EQ(c.route_too_long(R"({"jsonrpc":"2.0","id":)" + number + R"(,"result":{"te)", "xx").id, "13");
}

TEST(Correlator, KnowsWhetherSomebodyElseWaits) {
  Correlator c(Era::kLegacy);
  c.begin(scan(R"({"jsonrpc":"2.0","id":1,"method":"a"})"), 1);
  EXPECT_FALSE(c.awaited_besides(1));
  EXPECT_TRUE(c.awaited_besides(2));
  c.abandon(1);
  EXPECT_FALSE(c.awaited_besides(2));
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
