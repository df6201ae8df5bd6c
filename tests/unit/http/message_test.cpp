#include <gtest/gtest.h>

#include <set>

#include "gatehouse/base/build.h"
#include "gatehouse/http/date.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/http/request_id.h"
#include "gatehouse/http/target.h"

namespace gatehouse::http {
namespace {

TEST(HttpMessage, FieldsAreClassifiedWithoutCase) {
  const struct { const char* name; FieldId id; } cases[] = {
      {"te", FieldId::kTe}, {"TE", FieldId::kTe}, {"Via", FieldId::kVia}, {"hOST", FieldId::kHost}, {"Date", FieldId::kDate},
      {"COOKIE", FieldId::kCookie}, {"Upgrade", FieldId::kUpgrade}, {"Mcp-Name", FieldId::kMcpName},
      {"X-Real-IP", FieldId::kXRealIp}, {"Connection", FieldId::kConnection}, {"Content-Length", FieldId::kContentLength},
      {"transfer-encoding", FieldId::kTransferEncoding}, {"X-Forwarded-Proto", FieldId::kXForwardedProto},
      {"HTTP2-Settings", FieldId::kHttp2Settings}, {"Proxy-Authorization", FieldId::kProxyAuthorization},
      {"MCP-Protocol-Version", FieldId::kMcpProtocolVersion}, {"X-Request-ID", FieldId::kXRequestId}};
  for (const auto& test : cases) EXPECT_EQ(classify_field(test.name), test.id) << test.name;
}

TEST(HttpMessage, OneChangedByteIsAnotherField) {
  for (const std::string& name : std::vector<std::string>{"Host", "te", "Transfer-Encoding", "Content-Length", "Mcp-Protocol-Version", "Expect"})
    for (std::size_t at = 0; at < name.size(); ++at)
      for (int byte = 0; byte < 256; ++byte) {
        std::string other = name;
        other[at] = static_cast<char>(byte);
        EXPECT_EQ(classify_field(other) == classify_field(name), equals_ignoring_case(other, name)) << other;
      }
  EXPECT_EQ(classify_field(""), FieldId::kOther);
  EXPECT_EQ(classify_field(std::string(400, 'a')), FieldId::kOther);
}

TEST(HttpMessage, ReasonPhrases) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(431), "Request Header Fields Too Large");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(HttpMessage, ProblemEscapesItsText) {
  Response response = problem(400, "bad_request", "a \"b\"\\\n", "01ID");
  render_problem(response, "*/*");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.headers, (Headers{{"Cache-Control", "no-store"}}));
  EXPECT_EQ(response.body,
            "{\"type\":\"" + docs_page_of("bad-request") + "\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a \\\"b\\\"\\\\\\n\","
            "\"instance\":\"01ID\"}\n");
}

TEST(HttpMessage, ProblemSaysWhenToComeBack) {
  Response response = problem(503, "busy", "", "");
  response.headers.emplace_back("Retry-After", "5");
  render_problem(response, "");
  EXPECT_EQ(response.body, "{\"type\":\"" + docs_page_of("busy") + "\",\"title\":\"Service Unavailable\",\"status\":503,\"retry_after\":5}\n");
}

TEST(HttpMessage, ProblemIsAPageForBrowsers) {
  const struct { const char* accept; bool page; } cases[] = {
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true}, {"text/html", true}, {"Text/HTML;q=0.1", true},
      {"", false}, {"*/*", false}, {"text/*", false}, {"text/html;q=0", false}, {"application/json, text/html", false},
      {"text/html, application/problem+json", false}};
  for (const auto& test : cases) {
    Response response = problem(404, "no-route", "<script>&\"", "01ID");
    response.headers.emplace_back("Retry-After", "7");
    render_problem(response, test.accept);
    EXPECT_EQ(response.content_type == "text/html; charset=utf-8", test.page) << test.accept;
    if (!test.page) continue;
    EXPECT_EQ(response.body.find("<script"), std::string::npos);
    for (const char* part : {"404 Not Found", "&lt;script&gt;&amp;&quot;", "<code>01ID</code>", "in 7 s", "#no-route\""})
      EXPECT_NE(response.body.find(part), std::string::npos) << part << response.body;
    EXPECT_LT(response.body.size(), 2048u);
    EXPECT_EQ(response.headers.back().first, "Content-Security-Policy");
  }
}

TEST(HttpMessage, OtherAnswersStayAsTheyAre) {
  Response response{.status = 404, .content_type = "text/plain", .body = "no", .headers = {}};
  render_problem(response, "text/html");
  EXPECT_EQ(response.body, "no");
  EXPECT_TRUE(response.headers.empty());
}

TEST(HttpTarget, P14Normalises) {
  const struct { const char* in; const char* out; } cases[] = {
      {"/", "/"}, {"/a/b", "/a/b"}, {"/a/", "/a/"}, {"//", "/"}, {"//a///b//", "/a/b/"}, {"/.", "/"}, {"/./", "/"},
      {"/a/.", "/a/"}, {"/a/..", "/"}, {"/a/b/..", "/a/"}, {"/a/b/../c", "/a/c"}, {"/a/./b/./c", "/a/b/c"},
      {"/a/b/c/../../d", "/a/d"}, {"/a//../b", "/b"}, {"/%41%7e%2d%5F%2E", "/A~-_."}, {"/%c3%a9%2b%3f", "/%C3%A9%2B%3F"},
      {"/a/%2e/b", "/a/b"}, {"/a/%2e%2E/b", "/b"}, {"/.well-known/x", "/.well-known/x"}, {"/...", "/..."},
      {"/a/..b/.c", "/a/..b/.c"}, {"/a%252fb", "/a%252fb"}, {"/%2525", "/%2525"}, {"/a;b=c", "/a;b=c"}, {"/%61/..", "/"}};
  for (const auto& test : cases) {
    std::string storage;
    Target target;
    EXPECT_FALSE(parse_origin_form(test.in, storage, target).refused()) << test.in;
    EXPECT_EQ(target.path, test.out) << test.in;
    const std::string once(target.path);
    std::string again;
    EXPECT_FALSE(parse_origin_form(once, again, target).refused());
    EXPECT_EQ(target.path, once) << "normal form is not stable: " << test.in;
    const bool plain = once.find('%') == std::string::npos && once.find("/..") == std::string::npos;
    if (plain) EXPECT_EQ(target.path.data(), once.data()) << "a normal path is copied: " << test.in;
  }
}

TEST(HttpTarget, TheQueryIsByteExact) {
  std::string storage;
  Target target;
  EXPECT_FALSE(parse_origin_form("/a/../b?x=%41%2f//../?&y", storage, target).refused());
  EXPECT_EQ(target.path, "/b");
  EXPECT_EQ(target.query, "?x=%41%2f//../?&y");
}

TEST(HttpTarget, SplitsAuthorities) {
  std::string_view host, port;
  EXPECT_TRUE(split_authority("a.example:8080", host, port));
  EXPECT_EQ(host, "a.example");
  EXPECT_EQ(port, "8080");
  EXPECT_TRUE(split_authority("[::1]:1", host, port));
  EXPECT_EQ(host, "[::1]");
  EXPECT_EQ(port, "1");
  EXPECT_TRUE(split_authority("[::1]", host, port));
  EXPECT_EQ(port, "");
  EXPECT_TRUE(split_authority("a:", host, port));
  EXPECT_EQ(host, "a");
  EXPECT_EQ(port, "");
  for (const char* bad : {"", ":", "a::", "[", "]", "[]", "[::1", "[::1]1", "a:1:2", "a@b", "-a", ".", ".."})
    EXPECT_FALSE(split_authority(bad, host, port)) << bad;
}

std::string canonical(std::string_view host) {
  std::array<char, kLongestHost> storage;
  return std::string(canonical_host(host, storage));
}

TEST(HttpTarget, HostsHaveOneSpelling) {
  EXPECT_EQ(canonical("A.Example."), "a.example");
  EXPECT_EQ(canonical("[2001:DB8:0::1]"), "[2001:db8::1]");
  EXPECT_EQ(canonical("::1"), "[::1]");
  EXPECT_EQ(canonical("a:80"), "");
  EXPECT_EQ(canonical("[::1"), "");
  EXPECT_EQ(canonical(std::string(256, 'a')), "");
  EXPECT_EQ(canonical(std::string(255, 'a')), std::string(255, 'a'));
}

std::string date(std::int64_t seconds) {
  char text[kHttpDateSize];
  format_http_date(seconds, text);
  return {text, sizeof text};
}

TEST(HttpDate, FormatsFixedDates) {
  EXPECT_EQ(date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(date(951782400), "Tue, 29 Feb 2000 00:00:00 GMT");
  EXPECT_EQ(date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(date(INT64_MIN).size(), kHttpDateSize);
}

TEST(HttpDate, ReadsWhatItWrites) {
  for (const std::int64_t time : {std::int64_t{0}, std::int64_t{784111777}, std::int64_t{951782400}, std::int64_t{253402300799}}) {
    EXPECT_EQ(parse_http_date(date(time)), time);
  }
  for (const char* text : {"", "Sun, 06 Nov 1994 08:49:37 GMt", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:60 GMT",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 anF 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

TEST(HttpDate, CachesTheSecond) {
  HttpDate cached;
  const auto at = [](std::int64_t us) { return runtime::WallTime(std::chrono::microseconds(us)); };
  EXPECT_EQ(cached.at(at(999999)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(cached.at(at(1000000)), "Thu, 01 Jan 1970 00:00:01 GMT");
  EXPECT_EQ(cached.at(at(-1)), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(HttpRequestId, AcceptsOnlyPlainIds) {
  EXPECT_TRUE(valid_request_id("a-Z_0.9"));
  EXPECT_TRUE(valid_request_id(std::string(128, 'a')));
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a~b"), std::string("a/b"),
                                std::string("a\nb"), std::string("\xc3\xa9"), std::string("a,b"), std::string("a\0b", 3)})
    EXPECT_FALSE(valid_request_id(bad)) << bad;
}

TEST(HttpRequestId, IdsSortByTimeAndDiffer) {
  const std::uint8_t seed[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  IdSource source{std::span<const std::uint8_t, 32>(seed)};
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    char text[kRequestIdSize];
    source.request_id(runtime::WallTime(std::chrono::milliseconds(1469918176385 + i)), text);
    const std::string id(text, sizeof text);
    EXPECT_TRUE(valid_request_id(id));
    EXPECT_EQ(id.find_first_of("ILOU"), std::string::npos);
    EXPECT_GT(id, last);
    last = id;
    seen.insert(id.substr(10));
  }
  EXPECT_EQ(seen.size(), 1000u);
  char text[kRequestIdSize];
  source.request_id(runtime::WallTime(std::chrono::milliseconds(1469918176385)), text);
  EXPECT_EQ(std::string_view(text, 10), "01ARYZ6S41");  // the example of the ULID specification
}

TEST(HttpTraceparent, ParsesVersionZeroAlone) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Traceparent parsed;
  ASSERT_TRUE(parse_traceparent(good, parsed));
  EXPECT_EQ(parsed.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(parsed.parent_id, "00f067aa0ba902b7");
  EXPECT_EQ(parsed.flags, 1);
  const std::string zero_trace = "00-" + std::string(32, '0') + "-00f067aa0ba902b7-01";
  const std::string zero_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-" + std::string(16, '0') + "-01";
  for (const std::string& bad : {std::string(), good + "-", good + "0", "01" + good.substr(2), "ff" + good.substr(2), zero_trace,
                                 zero_parent, "00_" + good.substr(3), good.substr(0, 54) + "g",
                                 std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")})
    EXPECT_FALSE(parse_traceparent(bad, parsed)) << bad;
}

TEST(HttpTraceparent, ChildKeepsTraceAndFlags) {
  const std::uint8_t seed[32] = {7};
  IdSource source{std::span<const std::uint8_t, 32>(seed)};
  Traceparent parent, child;
  ASSERT_TRUE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", parent));
  char text[kTraceparentSize];
  source.traceparent(&parent, text);
  ASSERT_TRUE(parse_traceparent({text, sizeof text}, child));
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.parent_id, parent.parent_id);
  EXPECT_EQ(child.flags, 1);
  char other[kTraceparentSize];
  source.traceparent(nullptr, other);
  Traceparent fresh;
  ASSERT_TRUE(parse_traceparent({other, sizeof other}, fresh));
  EXPECT_NE(fresh.trace_id, parent.trace_id);
  EXPECT_EQ(fresh.flags, 0);
}

}  // namespace
}  // namespace gatehouse::http
