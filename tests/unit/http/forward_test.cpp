#include "gatehouse/http/forward.h"

#include <gtest/gtest.h>

#include <vector>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {
namespace {

std::string forward(const std::string& raw, const ForwardContext& context) {
  RequestParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse(raw, head), ParseState::kComplete) << raw << parser.refusal().reason;
  std::vector<char> out(raw.size() + kHeadGrowth);
  return {out.data(), write_request_head(out, head, context)};
}

ForwardContext context() {
  ForwardContext made;
  made.peer_address = made.client_address = "203.0.113.9";
  made.listener_port = 8080;
  made.request_id = "01ID";
  return made;
}

const std::string kOurs =
    "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"
    "X-Real-IP: 203.0.113.9\r\nForwarded: for=203.0.113.9;host=\"a.example\";proto=http\r\nX-Gatehouse-Hops: 1\r\nX-Request-Id: 01ID\r\n\r\n";

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n"; }
std::string forwarded(const std::string& kept) { return "GET / HTTP/1.1\r\nHost: a.example\r\n" + kept + kOurs; }

TEST(HttpForward, P13KeepsFieldsByteExactAndInOrder) {
  const std::string kept = "accept: */*\r\nX-B: 2  3\r\nX-A: \xff\r\nX-B: 1\r\nCookie: a=b; c=d\r\nAuthorization: Basic eA==\r\n";
  EXPECT_EQ(forward(get(kept), context()), forwarded(kept));
  EXPECT_EQ(forward(get("A:1\r\nB:  2 \r\nC: \r\nD:\r\n"), context()), forwarded("A: 1\r\nB: 2\r\nC: \r\nD: \r\n"));
}

TEST(HttpForward, P14TheNormalPathAndTheExactQueryAreSent) {
  const std::string out = forward("GET http://a.example/x/../%7ey//z?q=%2f// HTTP/1.1\r\nHost: evil\r\n\r\n", context());
  EXPECT_EQ(out, "GET /~y/z?q=%2f// HTTP/1.1\r\nHost: a.example\r\n" + kOurs);
}

TEST(HttpForward, P4TheColonOfAnEmptyPortIsDropped) {
  EXPECT_EQ(forward("GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n", context()), forwarded(""));
  EXPECT_EQ(forward("GET http://a.example:/ HTTP/1.1\r\nHost: b\r\n\r\n", context()), forwarded(""));
}

TEST(HttpForward, P15HopByHopFieldsStay) {
  const std::string hop =
      "Connection: keep-alive, X-Hop, close\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nProxy-Authorization: x\r\n"
      "Proxy-Authenticate: x\r\nTE: gzip\r\nTrailer: X\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nX-Hop: 1\r\nx-hop: 2\r\n";
  EXPECT_EQ(forward(get(hop + "X-End: 1\r\n"), context()), forwarded("X-End: 1\r\n"));
}

TEST(HttpForward, P15NobodyNominatesAwayWhatMatters) {
  const std::string nominate =
      "Connection: Host, Authorization, Cookie, X-Forwarded-For, X-Forwarded-User, Content-Length, X-Api-Key, Mcp-Session-Id, "
      "X-Request-Id, X-Real-IP, Forwarded\r\n";
  const std::string kept = "Authorization: Basic eA==\r\nCookie: a=b\r\nX-Api-Key: k\r\nMcp-Session-Id: s\r\n";
  EXPECT_EQ(forward(get(nominate + kept), context()), forwarded(kept));
}

TEST(HttpForward, P15KnownFieldsAreNominatedAwayToo) {
  const std::string nominate = "Connection: close, Accept, content-type, Via, Origin, User-Agent, Max-Forwards, X-Foo, tracestate\r\n";
  const std::string hop = "Accept: */*\r\nContent-Type: a/b\r\nVia: 1.1 x\r\nOrigin: http://o\r\nUser-Agent: u\r\n"
                          "Max-Forwards: 3\r\nX-Foo: 1\r\ntracestate: a=b\r\n";
  EXPECT_EQ(forward(get(nominate + hop + "Content-Encoding: gzip\r\n"), context()), forwarded("Content-Encoding: gzip\r\n"));
  EXPECT_EQ(forward(get(hop), context()), forwarded(hop));
}

TEST(HttpForward, TeTrailersIsKept) {
  EXPECT_EQ(forward(get("TE: gzip, trailers\r\nConnection: TE\r\n"), context()),
            forwarded("Connection: TE\r\nTE: trailers\r\n"));
}

TEST(HttpForward, ForgedFieldsAreDropped) {
  const std::string forged =
      "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
      "X-Real-Ip: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-User: root\r\nRemote-User: root\r\nX-Remote-User: root\r\n"
      "X-Original-URL: /admin\r\nX-Rewrite-Url: /admin\r\nX-Gatehouse-Scope: admin\r\nX-Request-Attempt: 9\r\nProxy: evil\r\n"
      "Client-Cert: :Zm9yZ2Vk:\r\nCLIENT-CERT-CHAIN: :Zm9yZ2Vk:\r\nClient_Cert: :Zm9yZ2Vk:\r\nclient.cert: :Zm9yZ2Vk:\r\n"
      "X-Request-Id: forged\r\n";
  EXPECT_EQ(forward(get(forged), context()), forwarded(""));
}

TEST(HttpForward, P13UnderscoreNames) {
  const std::string fields = "X_Tool: 1\r\nX.Tool: 2\r\nX_Real_IP: 1\r\nX.Forwarded.For: 1\r\nContent_Length: 5\r\nX_Forwarded_User: r\r\n";
  EXPECT_EQ(forward(get(fields), context()), forwarded("X.Tool: 2\r\n"));
  ForwardContext keeping = context();
  keeping.keep_underscore_names = true;
  EXPECT_EQ(forward(get(fields), keeping), forwarded("X_Tool: 1\r\nX.Tool: 2\r\n"));
}

TEST(HttpForward, FramingIsWrittenAnew) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a.example\r\n";
  ForwardContext length = context();
  length.framing = Framing::kLength;
  length.content_length = 42;
  EXPECT_EQ(forward(post + "Content-Length: 0042\r\nExpect: 100-continue\r\n\r\n", length), post + "Content-Length: 42\r\n" + kOurs);
  ForwardContext chunked = context();
  chunked.framing = Framing::kChunked;
  EXPECT_EQ(forward(post + "transfer-encoding: CHUNKED\r\n\r\n", chunked), post + "Transfer-Encoding: chunked\r\n" + kOurs);
}

TEST(HttpForward, TrustedProxiesAreExtended) {
  ForwardContext trusted = context();
  trusted.client_trusted = true;
  trusted.peer_address = "2001:db8::7";
  trusted.client_address = "1.2.3.4";
  EXPECT_EQ(forward(get("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: out\r\n"
                        "X-Forwarded-Port: 443\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-Prefix: /p\r\n"),
                    trusted),
            "GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Prefix: /p\r\n"
            "X-Forwarded-For: 1.2.3.4, 5.6.7.8, 2001:db8::7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: out\r\n"
            "X-Forwarded-Port: 443\r\nX-Real-IP: 1.2.3.4\r\n"
            "Forwarded: for=1.2.3.4, for=\"[2001:db8::7]\";host=\"a.example\";proto=http\r\nX-Gatehouse-Hops: 1\r\nX-Request-Id: 01ID\r\n\r\n");
  // Nonsense from a trusted proxy is replaced by what we know.
  const std::string out = forward(get("X-Forwarded-Proto: gopher\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Port: 8x\r\n"), trusted);
  EXPECT_NE(out.find("X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"), std::string::npos) << out;
}

ForwardContext behind_proxies(std::string_view client) {
  ForwardContext trusted = context();
  trusted.client_trusted = true;
  trusted.peer_address = "10.0.0.1";
  trusted.client_address = client;
  return trusted;
}

TEST(HttpForward, ForwardedAloneFillsTheOtherFamily) {
  EXPECT_EQ(forward(get("Forwarded: for=_x, for=6.6.6.6;host=evil, for=9.9.9.9:4711;proto=https;host=pub.example, for=10.0.0.2;proto=http\r\n"),
                    behind_proxies("9.9.9.9")),
            "GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: unknown, 6.6.6.6, 9.9.9.9, 10.0.0.2, 10.0.0.1\r\n"
            "X-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 9.9.9.9\r\n"
            "Forwarded: for=_x, for=6.6.6.6;host=evil, for=9.9.9.9:4711;proto=https;host=pub.example, for=10.0.0.2;proto=http, "
            "for=10.0.0.1;host=\"a.example\";proto=http\r\nX-Gatehouse-Hops: 1\r\nX-Request-Id: 01ID\r\n\r\n");
  const std::string port = forward(get("Forwarded: for=\"[2001:db8::5]\";proto=https;host=\"pub.example:8443\"\r\n"), behind_proxies("2001:db8::5"));
  EXPECT_NE(port.find("X-Forwarded-For: 2001:db8::5, 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example:8443\r\n"
                      "X-Forwarded-Port: 8443\r\n"), std::string::npos) << port;
  const std::string nonsense = forward(get("Forwarded: for=9.9.9.9;proto=gopher;host=\"a b\"\r\n"), behind_proxies("9.9.9.9"));
  EXPECT_NE(nonsense.find("X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"), std::string::npos) << nonsense;
}

TEST(HttpForward, WhatIsForgedIsNotTakenForTheOtherFamily) {
  // The proxy hides who asked: its element counts, not the one that the client made up about the proxy.
  const std::string hidden = forward(get("Forwarded: for=10.0.0.1;proto=http;host=evil, for=_x;proto=https;host=pub.example\r\n"), behind_proxies("10.0.0.1"));
  EXPECT_NE(hidden.find("X-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example\r\n"), std::string::npos) << hidden;
  // A proxy that writes X-Forwarded-For and passes on what the client sent as Forwarded.
  const std::string mixed = forward(get("Forwarded: for=9.9.9.9;proto=https;host=evil\r\nX-Forwarded-For: 9.9.9.9\r\n"), behind_proxies("9.9.9.9"));
  EXPECT_NE(mixed.find("X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.example\r\nX-Forwarded-Port: 8080\r\n"), std::string::npos) << mixed;
}

TEST(HttpForward, XForwardedAloneFillsForwarded) {
  const std::string out = forward(get("X-Forwarded-For: junk, 9.9.9.9 ,, 2001:db8::7\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example\r\n"),
                                  behind_proxies("9.9.9.9"));
  EXPECT_NE(out.find("Forwarded: for=unknown, for=9.9.9.9;host=\"pub.example\";proto=https, for=\"[2001:db8::7]\", "
                     "for=10.0.0.1;host=\"a.example\";proto=http\r\n"), std::string::npos) << out;
}

TEST(HttpForward, WhatIsMadeOfLongListsFits) {
  const std::string address = "0000:0000:0000:0000:0000:ffff:255.255.255.255", host(255, 'h');
  std::string list = address;
  for (int i = 1; i < 100; ++i) list += "," + address;
  const std::string raw = get("X-Forwarded-For: " + list + "\r\nX-Forwarded-Host: " + host + "\r\n");
  const std::string out = forward(raw, behind_proxies(address));  // nothing when it needs more than kHeadGrowth
  EXPECT_NE(out.find("for=\"[" + address + "]\";host=\"" + host + "\", for="), std::string::npos);
}

TEST(HttpForward, HostOverrideUpgradeTraceAndExtra) {
  ForwardContext full = context();
  full.host_override = "inner:9000";
  full.upgrade = true;
  full.traceparent = "00-1-2-3";
  full.keep_tracestate = false;
  full.extra = "X-User: ann\r\n";
  const std::string out = forward(get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\ntraceparent: old\r\ntracestate: a=b\r\n"), full);
  std::string expected = "GET / HTTP/1.1\r\nHost: inner:9000\r\nSec-WebSocket-Key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + kOurs;
  expected.replace(expected.size() - 2, 2, "traceparent: 00-1-2-3\r\nX-User: ann\r\n\r\n");
  EXPECT_EQ(out, expected);
}

TEST(HttpForward, TracestateThatIsTooLargeIsDroppedAsAWhole) {
  std::string members = "a0=1";
  for (int i = 1; i < 32; ++i) members += ",a" + std::to_string(i) + "=1";
  const std::string fits = "tracestate: " + members + "\r\n";
  EXPECT_EQ(forward(get(fits), context()), forwarded(fits));
  EXPECT_EQ(forward(get(fits + "tracestate: b=1\r\n"), context()), forwarded(""));
  const std::string long_one = "tracestate: a=" + std::string(510, 'x') + "\r\n";
  EXPECT_EQ(forward(get(long_one), context()), forwarded(long_one));
  EXPECT_EQ(forward(get("tracestate: a=" + std::string(511, 'x') + "\r\n"), context()), forwarded(""));
}

std::string hops_after(const std::string& fields) {
  const std::string out = forward(get(fields), context());
  const std::size_t at = out.find("X-Gatehouse-Hops: ");
  return out.substr(at + 18, out.find("\r\n", at) - at - 18);
}

TEST(HttpForward, P16HopsAreCountedUpWhoeverSendsThem) {
  EXPECT_EQ(hops_after("X-Gatehouse-Hops: 1\r\n"), "2");
  EXPECT_EQ(hops_after("x-gatehouse-hops: 10\r\nConnection: X-Gatehouse-Hops\r\n"), "11");
  for (const char* odd : {"X-Gatehouse-Hops: -1\r\n", "X-Gatehouse-Hops:\r\n", "X-Gatehouse-Hops: 300\r\n", "X-Gatehouse-Hops: 1, 1\r\n",
                          "X-Gatehouse-Hops: 0\r\nX-Gatehouse-Hops: 0\r\n"})
    EXPECT_EQ(hops_after(odd), "256") << odd;
}

TEST(HttpForward, P16MaxForwardsOfOptionsIsCountedDown) {
  const auto sent = [](const std::string& method, const std::string& value) {
    const std::string out = forward(method + " / HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: " + value + "\r\n\r\n", context());
    const std::size_t at = out.find("Max-Forwards: ");
    return at == std::string::npos ? "(none)" : out.substr(at + 14, out.find("\r\n", at) - at - 14);
  };
  EXPECT_EQ(sent("OPTIONS", "3"), "2");
  EXPECT_EQ(sent("OPTIONS", "0"), "0");
  EXPECT_EQ(sent("OPTIONS", "99999999999999999999999"), "18446744073709551614");
  EXPECT_EQ(sent("OPTIONS", "x"), "(none)");
  EXPECT_EQ(sent("GET", "3"), "3");
}

TEST(HttpForward, InboundIdsStayWithoutOurs) {
  ForwardContext none = context();
  none.request_id = {};
  const std::string out = forward(get("X-Request-Id: theirs\r\ntraceparent: t\r\ntracestate: a=b\r\n"), none);
  EXPECT_EQ(out.find("GET / HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: theirs\r\ntraceparent: t\r\ntracestate: a=b\r\nX-F"), 0u) << out;
}

TEST(HttpForward, WhatIsForwardedParsesToTheSame) {
  const std::string out = forward("POST /a%20b?c HTTP/1.0\r\nHost: a:1\r\nX-Y:z\r\nContent-Length: 007\r\n\r\n", [] {
    ForwardContext made = context();
    made.framing = Framing::kLength;
    made.content_length = 7;
    return made;
  }());
  RequestParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(out, head), ParseState::kComplete) << parser.refusal().reason;
  EXPECT_EQ(head.path, "/a%20b");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.content_length, 7u);
  EXPECT_EQ(head.authority, "a:1");
  EXPECT_EQ(head.size, out.size());
}

TEST(HttpForward, NothingIsWrittenBeyondTheBuffer) {
  RequestParser parser;
  RequestHead head;
  const std::string raw = get("X-A: 1\r\nX-B:2\r\n");
  ASSERT_EQ(parser.parse(raw, head), ParseState::kComplete);
  const std::size_t needed = forward(raw, context()).size();
  for (std::size_t size = 0; size < needed; ++size) {
    std::vector<char> out(size);
    EXPECT_EQ(write_request_head(out, head, context()), 0u) << size;
  }
  std::vector<char> out(needed);
  EXPECT_EQ(write_request_head(out, head, context()), needed);
}

// Answers.

std::string answer(const std::string& raw, const ResponseContext& context) {
  ResponseParser parser;
  ResponseHead head;
  EXPECT_EQ(parser.parse(raw, context.request, head), ParseState::kComplete) << raw << parser.refusal().reason;
  std::vector<char> out(raw.size() + kHeadGrowth);
  return {out.data(), write_response_head(out, head, context)};
}

TEST(HttpAnswer, P15P16HopByHopAndDate) {
  ResponseContext context;
  context.framing = Framing::kLength;
  context.content_length = 5;
  context.date = "Thu, 01 Jan 1970 00:00:00 GMT";
  EXPECT_EQ(answer("HTTP/1.0 200 Fine\r\nServer: s\r\nset-cookie: a\r\nSet-Cookie: b\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\n"
                   "Keep-Alive: timeout=5\r\nTrailer: X\r\nContent-Length: 005\r\nX-Accel-Buffering: no\r\n\r\n", context),
            "HTTP/1.1 200 Fine\r\nServer: s\r\nset-cookie: a\r\nSet-Cookie: b\r\nContent-Length: 5\r\n"
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nDate: theirs\r\nContent-Length: 5\r\n\r\n", context),
            "HTTP/1.1 200 OK\r\nDate: theirs\r\nContent-Length: 5\r\n\r\n");
}

TEST(HttpAnswer, P15KnownFieldsAreNominatedAwayToo) {
  ResponseContext context;
  context.framing = Framing::kLength;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nConnection: Server, Content-Type, Set-Cookie, Date, X-Hop\r\nServer: s\r\n"
                   "Content-Type: a/b\r\nSet-Cookie: a=b\r\nDate: d\r\nX-Hop: 1\r\nETag: e\r\nContent-Length: 0\r\n\r\n", context),
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nDate: d\r\nETag: e\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpAnswer, P18FramingTowardsTheClient) {
  const std::string raw = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  ResponseContext context;
  context.framing = Framing::kChunked;
  EXPECT_EQ(answer(raw, context), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  context.framing = Framing::kUntilClose;
  context.client_minor_version = 0;
  EXPECT_EQ(answer(raw, context), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
  context.framing = Framing::kLength;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", context),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  context.close = true;
  context.client_minor_version = 1;
  EXPECT_EQ(answer("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", context),
            "HTTP/1.1 200 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(HttpAnswer, P19HeadKeepsTheLength) {
  ResponseContext context;
  context.request = Method::kHead;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n\r\n", context),
            "HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", context), "HTTP/1.1 200 OK\r\n\r\n");
  context.request = Method::kGet;
  EXPECT_EQ(answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", context),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(answer("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", context), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(HttpAnswer, InformationalAnswersStayBare) {
  ResponseContext context;
  context.close = true;
  context.date = "d";
  context.extra = "X: y\r\n";
  EXPECT_EQ(answer("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", context), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

TEST(HttpAnswer, UpgradeIsSentOn) {
  ResponseContext context;
  context.upgrade = true;
  EXPECT_EQ(answer("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n", context),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(HttpAnswer, ExtraFieldsReplaceAndServerIsStripped) {
  const std::string_view replaced[] = {"X-Frame-Options", "Referrer-Policy"};
  ResponseContext context;
  context.framing = Framing::kLength;
  context.strip_server = true;
  context.request_id = "01ID";
  context.extra = "x-frame-options: DENY\r\n";
  context.replaced = replaced;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nServer: s\r\nX-Powered-By: PHP\r\nX-AspNet-Version: 4\r\nx-frame-options: ALLOW\r\n"
                   "X-Request-Id: theirs\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n", context),
            "HTTP/1.1 200 OK\r\nX-Kept: 1\r\nContent-Length: 0\r\nX-Request-Id: 01ID\r\nx-frame-options: DENY\r\n\r\n");
}

TEST(HttpAnswer, P8TrailersThatMayBeForwarded) {
  std::string lines = "Server-Timing: a\r\nContent-Length: 5\r\ngrpc-status: 0\r\nSET-COOKIE: a\r\nHost: x\r\nCache-Control: no\r\n"
                      "Authorization: x\r\nTransfer-Encoding: chunked\r\nX-Forwarded-User: r\r\ncontent-md5: x\r\nX_Y: 1\r\nX-Sum:1\r\n";
  EXPECT_EQ(keep_allowed_trailers(lines), "Server-Timing: a\r\ngrpc-status: 0\r\nX-Sum:1\r\n");
  EXPECT_EQ(keep_allowed_trailers({}), "");
}

TEST(HttpAnswer, P8TrailersGoToClientsThatAskForThem) {
  const auto forwards = [](const std::string& asked, const std::string& answered) {
    RequestParser parser;
    RequestHead request;
    EXPECT_EQ(parser.parse(asked, request), ParseState::kComplete);
    ResponseParser answer_parser;
    ResponseHead head;
    const std::string raw = "HTTP/1.1 200 OK\r\n" + answered + "\r\n";
    EXPECT_EQ(answer_parser.parse(raw, Method::kGet, head), ParseState::kComplete);
    return forwards_trailers(request, head);
  };
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_TRUE(forwards(get("TE: trailers\r\n"), chunked));
  EXPECT_FALSE(forwards(get(""), chunked));
  EXPECT_FALSE(forwards(get("TE: trailers\r\n"), "Content-Length: 5\r\n"));
  EXPECT_FALSE(forwards(get("TE: trailers\r\n"), chunked + "Connection: X-Sum\r\n"));  // which trailers are meant: nobody keeps count
  ResponseContext context;
  context.framing = Framing::kChunked;
  context.trailers = true;
  EXPECT_EQ(answer("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n" + chunked + "\r\n", context),
            "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n" + chunked + "\r\n");
}

OwnHead plain(int status, Framing framing) {
  OwnHead head;
  head.status = status;
  head.framing = framing;
  return head;
}

TEST(HttpAnswer, OwnHead) {
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Allow", "GET"}, {"X-Split", "a\r\nSet-Cookie: b"}, {"Bad Name", "x"}, {"", "x"}, {"Content-Length", "9"},
      {"Transfer-Encoding", "chunked"}, {"Connection", "close"}, {"X-Nul", std::string("a\0b", 3)}};
  OwnHead head;
  head.status = 405;
  head.content_type = "text/plain";
  head.content_length = 12;
  head.date = "D";
  head.close = true;
  head.request_id = "01ID";
  head.extra = "X-Extra: 1\r\n";
  head.headers = headers;
  char out[512];
  EXPECT_EQ(std::string(out, write_own_head(out, head)),
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nDate: D\r\nConnection: close\r\n"
            "X-Request-Id: 01ID\r\nAllow: GET\r\nX-Extra: 1\r\n\r\n");
  EXPECT_EQ(write_own_head(std::span<char>(out, 100), head), 0u);
  EXPECT_EQ(std::string(out, write_own_head(out, plain(204, Framing::kNone))), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(std::string(out, write_own_head(out, plain(200, Framing::kChunked))),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

}  // namespace
}  // namespace gatehouse::http
