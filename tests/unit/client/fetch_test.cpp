#include "gatehouse/client/fetch.h"

#include "fetch_fixture.h"
#include "request_head.h"

namespace gatehouse::client {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

TEST_F(FetchTest, AnAnswerComesWhole) {
  EXPECT_EQ(outcome_of(std::string(kOk)), "200 hi");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nX: y\r\n\r\n"),
            "200 abcde");
  EXPECT_EQ(outcome_of("HTTP/1.0 200 OK\r\n\r\nuntil the end"), "200 until the end");
  EXPECT_EQ(outcome_of("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
  EXPECT_EQ(outcome_of("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"), "304 ");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "HEAD"), "200 ");
  EXPECT_EQ(outcome_of("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno"), "500 no");
}

TEST_F(FetchTest, FieldsAreKeptAsTheyCame) {
  RawServer server(loop_, {.answer = "HTTP/1.1 302 Found\r\nLocation: /there\r\nSet-Cookie: a\r\nset-cookie: b\r\n"
                                     "Content-Length: 0\r\n\r\n"});
  const auto answer = ask(get(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->header("location"), "/there");
  EXPECT_EQ(answer->header("absent"), "");
  EXPECT_EQ(answer->headers[2], (std::pair<std::string, std::string>("set-cookie", "b")));
  turn();
  EXPECT_EQ(server.accepted, 1);  // nobody went there
  EXPECT_EQ(server.open, 0);
}

TEST_F(FetchTest, ARequestIsExactlyThis) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  Request request = get(server, "/a%20b?c=d");
  request.headers = {{"Accept", "application/json"}};
  ASSERT_TRUE(ask(std::move(request)));
  const std::size_t version = server.received.find("gatehouse/") + 10;
  ASSERT_LT(version, server.received.size());
  server.received.erase(version, server.received.find("\r\n", version) - version);
  EXPECT_EQ(server.received, "GET /a%20b?c=d HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                                 "\r\nUser-Agent: gatehouse/\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
}

TEST_F(FetchTest, HostIsTheAuthorityWithoutTheUsualPort) {
  const auto tls = *tls::ClientContext::build({.insecure = true});
  const auto host = [](Peer peer) {
    const std::string head = request_head({.peer = std::move(peer)});
    const std::size_t begin = head.find("Host: ") + 6;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  };
  EXPECT_EQ(host({.address = {.host = "a.test", .port = 80}}), "a.test");
  EXPECT_EQ(host({.address = {.host = "a.test", .port = 443}}), "a.test:443");
  EXPECT_EQ(host({.address = {.host = "a.test", .port = 8080}}), "a.test:8080");
  EXPECT_EQ(host({.address = {.host = "::1", .port = 443}, .tls = tls}), "[::1]");
  EXPECT_EQ(host({.address = {.host = "::1", .port = 80}, .tls = tls}), "[::1]:80");
  EXPECT_EQ(host({.address = {.host = "127.0.0.1", .port = 80}, .authority = "b.test"}), "b.test");
  EXPECT_EQ(host(unix_peer("/run/x.sock")), "localhost");
}

TEST_F(FetchTest, ABodyHasItsLength) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  const auto sent = [&](std::string method, std::string body) {
    Request request = get(server);
    request.method = std::move(method);
    request.body = std::move(body);
    request.headers = {{"user-agent", "x"}};
    server.received.clear();
    EXPECT_TRUE(ask(std::move(request)));
    return server.received.substr(server.received.find("user-agent"));
  };
  EXPECT_EQ(sent("POST", "hello"), "user-agent: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(sent("POST", ""), "user-agent: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(sent("PATCH", ""), "user-agent: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(sent("DELETE", ""), "user-agent: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(sent("DELETE", "x"), "user-agent: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  const std::string large(5'000'000, 'l');
  EXPECT_EQ(sent("PUT", large), "user-agent: x\r\nConnection: close\r\nContent-Length: 5000000\r\n\r\n" + large);
}

TEST_F(FetchTest, WhatHttpDoesNotAllowIsNotSent) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  const auto refused = [&](auto change) {
    Request request = get(server);
    change(request);
    const auto answer = ask(std::move(request));
    return answer ? std::string("sent") : answer.error().slug;
  };
  EXPECT_EQ(refused([](Request&) {}), "sent");
  for (const char* method : {"", "G T", "GET\r\n", "CONNECT"}) {
    EXPECT_EQ(refused([&](Request& request) { request.method = method; }), "bad-request") << method;
  }
  for (const char* target : {"", "a", "*", "/a b", "/a\r\nX: y", "/a#b", "http://a/", "/\x80"}) {
    EXPECT_EQ(refused([&](Request& request) { request.target = target; }), "bad-request") << target;
  }
  for (const char* name : {"", "A B", "A:", "A\r\nB", "Host", "connection", "CONTENT-LENGTH", "Transfer-Encoding", "Upgrade"}) {
    EXPECT_EQ(refused([&](Request& request) { request.headers = {{name, "x"}}; }), "bad-request") << name;
  }
  EXPECT_EQ(refused([](Request& request) { request.headers = {{"A", "b\tc \xc3\xa4"}}; }), "sent");
  for (const std::string& value : {std::string("a\r\nB: c"), std::string("a\0b", 3), std::string("a\x7f")}) {
    EXPECT_EQ(refused([&](Request& request) { request.headers = {{"A", value}}; }), "bad-request") << value;
  }
  for (const char* authority : {"a b", "a\r\nX: y", "a/b", "u@a"}) {
    EXPECT_EQ(refused([&](Request& request) { request.peer.authority = authority; }), "bad-request") << authority;
  }
  EXPECT_EQ(refused([](Request& request) { request.upgrade = "tcp"; }), "bad-request");
  EXPECT_EQ(server.accepted, 2);
}

TEST_F(FetchTest, ASecretIsNotInAMessage) {
  RawServer server(loop_, {});
  Request request = get(server);
  request.headers = {{"Authorization", "Bearer hush\r\n"}};
  EXPECT_EQ(outcome(std::move(request)), "bad-request: a control byte in the field 'Authorization'");
}

TEST_F(FetchTest, AUrlIsPeerAndTarget) {
  auto request = request_to("http://[::1]:8080?x=1");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->peer.address, (net::Address{.host = "::1", .port = 8080}));
  EXPECT_EQ(request->peer.authority, "[::1]:8080");
  EXPECT_EQ(request->target, "/?x=1");
  EXPECT_EQ(request_to("https://a.test/").error().slug, "tls-context");
  EXPECT_EQ(request_to("ftp://a.test/").error().slug, "bad-url");
  const auto context = tls::ClientContext::build({.insecure = true});
  ASSERT_TRUE(context);
  EXPECT_EQ(request_to("https://a.test/", *context)->peer.tls, *context);
  EXPECT_EQ(request_to("http://a.test/", *context)->peer.tls, nullptr);
}

TEST_F(FetchTest, InterimAnswersArePassedOver) {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  EXPECT_EQ(outcome_of("HTTP/1.1 100 Continue\r\n\r\n" + hints + std::string(kOk)), "200 hi");
  std::string many;
  while (many.size() < 60'000) many += hints;
  EXPECT_EQ(outcome_of(many + std::string(kOk)), "200 hi");
  while (many.size() < 70'000) many += hints;
  EXPECT_EQ(outcome_of(many + std::string(kOk)), "bad-answer: the answer of PEER is not HTTP: head_too_large");
  EXPECT_EQ(outcome_of("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tcp\r\n\r\n"),
            "bad-answer: the answer of PEER is not HTTP: it switches to a protocol that was not asked for");
}

TEST_F(FetchTest, AHeadHasAtMost64KiB) {
  const auto with_head_of = [&](std::size_t size) {
    const std::string begin = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: ", end = "\r\n\r\n";
    return begin + std::string(size - begin.size() - end.size(), 'x') + end + "hi";
  };
  EXPECT_EQ(outcome_of(with_head_of(40'000)), "200 hi");
  EXPECT_EQ(outcome_of(with_head_of(64 * 1024)), "200 hi");
  EXPECT_EQ(outcome_of(with_head_of(64 * 1024 + 1)), "bad-answer: the answer of PEER is not HTTP: head_too_large");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nX: " + std::string(1'000'000, 'x')),
            "bad-answer: the answer of PEER is not HTTP: head_too_large");
}

TEST_F(FetchTest, ABodyHasALimit) {
  for (const std::string answer : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
                                   "HTTP/1.1 200 OK\r\n\r\n0123456789",
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"}) {
    RawServer server(loop_, {.answer = answer});
    Request request = get(server);
    request.max_body = 10;
    EXPECT_EQ(outcome(request), "200 0123456789");
    request.max_body = 9;
    EXPECT_TRUE(outcome(request).starts_with("answer-too-large: ")) << answer;
  }
}

TEST_F(FetchTest, WhatIsNotHttpIsAnError) {
  const std::pair<std::string, std::string> cases[] = {
      {"SSH-2.0-OpenSSH_9.2\r\n", "bad_status_line"},
      {"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "bare_lf"},
      {"HTTP/2 200\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi", "duplicate_content_length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nhi", "bad_content_length"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhi", "bad_transfer_encoding"},
      {"HTTP/1.1 200 OK\r\n X: folded\r\n\r\n", "obs_fold"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "bad_chunk_size"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiX\r\n", "bad_chunk_end"},
  };
  for (const auto& [answer, reason] : cases) {
    EXPECT_EQ(outcome_of(answer), "bad-answer: the answer of PEER is not HTTP: " + reason) << answer;
  }
}

TEST_F(FetchTest, AConnectionThatEndsEarlyIsAnError) {
  EXPECT_EQ(outcome_of(""), "bad-answer: PEER closed the connection without an answer");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nCont"), "bad-answer: PEER closed the connection in the middle of a head");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi"),
            "bad-answer: PEER closed the connection in the middle of a body");
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"),
            "bad-answer: PEER closed the connection in the middle of a body");
}

// The server closes, or resets, after each number of bytes of its answer: an error or the whole answer, and never silence.
TEST_F(FetchTest, ACutAtEveryByteIsAnErrorOrTheWholeAnswer) {
  const std::string answers[] = {
      std::string(kOk), "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: yz\r\nContent-Length: 2\r\n\r\nhi",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;a=\"b\"\r\ni\r\n0\r\nT: v\r\n\r\n",
      "HTTP/1.1 204 No Content\r\n\r\n"};
  for (const std::string& answer : answers) {
    const bool empty = answer.starts_with("HTTP/1.1 204");
    for (const auto end : {Script::End::kClose, Script::End::kReset}) {
      for (std::size_t size = 0; size <= answer.size(); ++size) {
        RawServer server(loop_, {.answer = answer.substr(0, size), .end = end});
        const std::string text = outcome(get(server));
        const bool whole = text == (empty ? "204 " : "200 hi");
        EXPECT_TRUE(whole || text.starts_with("bad-answer: ")) << size << " " << text;
        // A reset may overtake the bytes before it.
        if (end == Script::End::kClose) EXPECT_EQ(whole, size == answer.size()) << size << " " << text;
      }
    }
  }
}

TEST_F(FetchTest, AnAnswerInDropsIsTheSame) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u}) {
    RawServer server(loop_, {.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                       "2\r\nhi\r\n0\r\n\r\n",
                             .piece = piece});
    EXPECT_EQ(outcome(get(server)), "200 hi");
  }
}

TEST_F(FetchTest, ALargeAnswerComesWhole) {
  const std::string body(8'000'000, 'b');
  EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n" + body), "200 " + body);
}

// A server may refuse a body before it has read it, and close.
TEST_F(FetchTest, AnAnswerBeforeTheWholeRequestCounts) {
  for (const auto end : {Script::End::kClose, Script::End::kHold}) {
    for (const auto after : {Script::After::kAccept, Script::After::kHead}) {
      RawServer server(loop_, {.answer = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno",
                               .after = after,
                               .end = end,
                               .deaf = true});
      Request request = get(server);
      request.method = "POST";
      request.body = std::string(30'000'000, 'x');
      EXPECT_EQ(outcome(std::move(request)), "413 no");
      EXPECT_LT(server.received.size(), 1'000'000u);
    }
  }
}

// Stop by destruction, after each number of turns.
TEST_F(FetchTest, MayBeDestroyedAtAnyPoint) {
  bool finished = false;
  for (int turns = 0; !finished && turns < 200; ++turns) {
    RawServer server(loop_, {.answer = std::string(kOk), .piece = 5});
    names_["a.test"] = {*net::to_endpoint({.host = "127.0.0.1", .port = server.port()})};
    std::optional<Result<Answer>> out;
    {
      runtime::TaskGroup group;
      Request request{.peer = {.address = {.host = "a.test", .port = server.port()}}, .method = "POST", .body = "x"};
      group.spawn(keep(fetch(network(), std::move(request)), out));
      turn(turns);
      finished = out.has_value();
    }
    turn(5);
    EXPECT_EQ(server.open, 0);
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace gatehouse::client
