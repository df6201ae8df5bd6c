#include "gatehouse/client/http.h"

#include <gtest/gtest.h>

#include "fake_server.h"

namespace gatehouse::client {
namespace {

HttpRequest to(const FakeServer& server, std::string url = "http://gatehouse/admin/status") {
  HttpRequest request;
  request.url = std::move(url);
  request.unix_socket = server.name();
  request.deadline = std::chrono::seconds(10);
  return request;
}

TEST(HttpClient, SendsAndReceives) {
  FakeServer server({http_answer(200, "application/json", "{}", "X-Two: 2\r\n")});
  HttpRequest message = to(server, "http://gatehouse:80/a%20b?c=d");
  message.method = "POST";
  message.headers = {{"Accept", "text/plain"}, {"Host", "evil"}, {"content-length", "99"}};
  message.body = "hello";
  const auto answer = request(message);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "{}");
  EXPECT_EQ(answer->header("x-two"), "2");
  EXPECT_EQ(answer->header("x-three"), "");
  const std::string sent = server.stop().at(0);
  EXPECT_TRUE(sent.starts_with("POST /a%20b?c=d HTTP/1.1\r\nHost: gatehouse:80\r\n")) << sent;
  EXPECT_NE(sent.find("Accept: text/plain\r\n"), std::string::npos);
  EXPECT_NE(sent.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(sent.find("evil"), std::string::npos);
  EXPECT_EQ(sent.find("99"), std::string::npos);
  EXPECT_EQ(body_of(sent), "hello");
}

TEST(HttpClient, AnyStatusIsAnAnswer) {
  FakeServer server({http_answer(422, "text/plain", "no")});
  const auto answer = request(to(server));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 422);
  EXPECT_EQ(answer->body, "no");
}

TEST(HttpClient, ReadsChunksAndHandsThemOn) {
  FakeServer server({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"});
  HttpRequest message = to(server);
  std::string seen;
  message.on_body = [&seen](const HttpAnswer& answer, std::string_view piece) {
    EXPECT_EQ(answer.status, 200);
    seen += piece;
    return true;
  };
  const auto answer = request(message);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(seen, "abcde");
  EXPECT_EQ(answer->body, "");
}

TEST(HttpClient, StopsWhenTheReaderHasEnough) {
  FakeServer server({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"});  // never ends properly
  HttpRequest message = to(server);
  message.on_body = [](const HttpAnswer&, std::string_view) { return false; };
  EXPECT_TRUE(request(message).ok());
}

TEST(HttpClient, ACutOffAnswerIsAnError) {
  FakeServer server({"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "SSH-2.0-x\r\n", ""});
  for (int i = 0; i < 3; ++i) {
    const auto answer = request(to(server));
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().slug, "bad-answer") << i;
  }
}

TEST(HttpClient, LimitsTheBody) {
  FakeServer server({http_answer(200, "text/plain", std::string(1001, 'x')), http_answer(200, "text/plain", std::string(1000, 'x'))});
  HttpRequest message = to(server);
  message.max_body = 1000;
  const auto over = request(message);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().slug, "answer-too-large") << over.error().message;
  EXPECT_TRUE(request(message).ok());
}

TEST(HttpClient, HasADeadline) {
  FakeServer server({}, true);
  HttpRequest message = to(server);
  message.deadline = std::chrono::milliseconds(30);
  const auto answer = request(message);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().slug, "timeout");
}

TEST(HttpClient, NobodyThere) {
  HttpRequest message;
  message.url = "http://gatehouse/";
  message.unix_socket = "/nowhere/admin.sock";
  const auto answer = request(message);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().slug, "unreachable");
  EXPECT_EQ(answer.error().message, "cannot connect to /nowhere/admin.sock: No such file or directory");
  message.unix_socket = "/" + std::string(200, 'x');
  EXPECT_EQ(request(message).error().slug, "unreachable");
}

TEST(HttpClient, RefusesToSmuggle) {
  HttpRequest message;
  message.url = "http://gatehouse/";
  message.headers = {{"A", "b\r\nC: d"}};
  EXPECT_FALSE(request(message).ok());
  message.headers.clear();
  message.method = "GET / HTTP/1.1\r\nX: y\r\n\r\nGET";
  EXPECT_FALSE(request(message).ok());
}

}  // namespace
}  // namespace gatehouse::client
