#include <gtest/gtest.h>

#include "gatehouse/http/h1.h"
#include "request_cases.h"

namespace gatehouse::http {
namespace {

// What a head means, without its views.
std::string describe(ParseState state, const Refusal& refusal, const RequestHead& head) {
  if (state == ParseState::kIncomplete) return "incomplete";
  if (state == ParseState::kRefused) return std::to_string(refusal.status) + " " + refusal.reason;
  std::string text = "accepted ";
  for (const std::string_view part : {head.method, head.target, head.path, head.query, head.authority, head.host})
    text.append(part).append("|");
  for (const Field& field : head.fields) text.append(field.name).append("=").append(field.value).append("|");
  for (const std::uint64_t number : {std::uint64_t(head.size), head.content_length, std::uint64_t(head.framing),
                                     std::uint64_t(head.method_id), std::uint64_t(head.minor_version)})
    text.append(std::to_string(number)).append(",");
  for (const bool flag : {head.keep_alive, head.expects_continue, head.upgrade, head.accepts_trailers})
    text.push_back(flag ? '1' : '0');
  return text;
}

std::string parse_at_once(const std::string& raw) {
  RequestParser parser;
  RequestHead head;
  const ParseState state = parser.parse(raw, head);
  return describe(state, parser.refusal(), head);
}

// Feeds `raw` in pieces of `step` bytes, each time from another place in memory.
std::string parse_in_pieces(const std::string& raw, std::size_t step) {
  RequestParser parser;
  RequestHead head;
  std::string places[2];
  ParseState state = ParseState::kIncomplete;
  for (std::size_t size = step, turn = 0; state == ParseState::kIncomplete; size += step, ++turn) {
    std::string& place = places[turn % 2];
    place = std::string(raw, 0, size);
    places[(turn + 1) % 2].assign(place.size(), '#');
    state = parser.parse(place, head);
    if (size >= raw.size()) break;
  }
  return describe(state, parser.refusal(), head);
}

void expect_outcomes(const std::vector<RequestCase>& cases) {
  for (const RequestCase& test : cases) {
    RequestParser parser;
    RequestHead head;
    const ParseState state = parser.parse(test.raw, head);
    EXPECT_EQ(state, test.status == 0 ? ParseState::kComplete : ParseState::kRefused) << test.name;
    EXPECT_EQ(parser.refusal().status, test.status) << test.name;
    EXPECT_EQ(std::string(parser.refusal().reason), test.reason) << test.name;
    if (state == ParseState::kComplete) EXPECT_EQ(head.size, test.raw.size()) << test.name;
  }
}

// Keeps the bytes that the head views.
struct Parsed {
  explicit Parsed(std::string text) : raw(std::move(text)) {
    RequestParser parser;
    EXPECT_EQ(parser.parse(raw, head), ParseState::kComplete) << raw << parser.refusal().reason;
  }
  Parsed(const Parsed&) = delete;
  const RequestHead* operator->() const { return &head; }
  std::string raw;
  RequestHead head;
};

TEST(HttpRequest, P1BytesOfTheHead) { expect_outcomes(byte_cases()); }
TEST(HttpRequest, P2RequestLine) { expect_outcomes(request_line_cases()); }
TEST(HttpRequest, P3Fields) { expect_outcomes(field_cases()); }
TEST(HttpRequest, P4HostAndTargetForms) { expect_outcomes(host_cases()); }
TEST(HttpRequest, P5ContentLength) { expect_outcomes(length_cases()); }
TEST(HttpRequest, P6TransferEncoding) { expect_outcomes(coding_cases()); }
TEST(HttpRequest, P14PathAndQuery) { expect_outcomes(path_cases()); }
TEST(HttpRequest, P15P17P18ConnectionAndExpect) { expect_outcomes(connection_cases()); }

TEST(HttpRequest, ArrivingInPiecesChangesNothing) {
  for (const RequestCase& test : all_request_cases()) {
    const std::string expected = parse_at_once(test.raw);
    const bool large = test.raw.size() > 2000;  // these move a lot of memory
    for (const std::size_t step : {std::size_t(large ? 97 : 1), std::size_t(large ? 1021 : 7)})
      EXPECT_EQ(parse_in_pieces(test.raw, step), expected) << test.name << " step " << step;
  }
}

TEST(HttpRequest, BytesAfterTheHeadChangeNothing) {
  for (const RequestCase& test : all_request_cases()) {
    if (test.status != 0) continue;
    EXPECT_EQ(parse_at_once(test.raw + "\n\r \0garbage: HTTP/9.9"), parse_at_once(test.raw)) << test.name;
  }
}

TEST(HttpRequest, EveryPrefixOfAGoodHeadIsIncomplete) {
  const std::string raw = "\r\nPOST /a%20b?c HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Y: z\r\n\r\n";
  for (std::size_t size = 0; size < raw.size(); ++size) {
    RequestParser parser;
    RequestHead head;
    EXPECT_EQ(parser.parse(std::string_view(raw).substr(0, size), head), ParseState::kIncomplete) << size;
  }
}

TEST(HttpRequest, RefusesBeforeTheHeadIsComplete) {
  const struct { const char* raw; const char* reason; } cases[] = {
      {"GET / HTTP/1.1\n", "bare_lf"},          {"GET / HTTP/1.1\r\nHost: a\r\nX: y\n", "bare_lf"},
      {"G\x01", "control_byte"},                 {"GET / HTTP/1.1\r\nX: a\rb", "bare_cr"},
      {"GET / HTTP/2.0\r\n", "unsupported_version"}, {"GET / HTTP/1.1\r\nHost : a\r\n", "space_before_colon"},
      {"GET / HTTP/1.1\r\n X\r\n", "obs_fold"},  {"\r\n\r\n\r\n", "empty_request_line"}};
  for (const auto& test : cases) {
    RequestParser parser;
    RequestHead head;
    EXPECT_EQ(parser.parse(test.raw, head), ParseState::kRefused) << test.raw;
    EXPECT_STREQ(parser.refusal().reason, test.reason);
  }
}

TEST(HttpRequest, AFullBufferAlwaysGetsAnAnswer) {
  const HeadLimits limits{.head_bytes = 200, .target_bytes = 100, .field_bytes = 150};
  for (const std::string& start : std::vector<std::string>{"GET / HTTP/1.1\r\nHost: a\r\nX: ", "GET /", "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 2\r\nZ: "}) {
    RequestParser parser(limits);
    RequestHead head;
    const std::string full = start + std::string(200 - start.size(), 'v');
    EXPECT_EQ(parser.parse(full, head), ParseState::kRefused) << start;
    EXPECT_TRUE(parser.refusal().status == 431 || parser.refusal().status == 414);
  }
}

TEST(HttpRequest, StaysRefusedUntilReset) {
  RequestParser parser;
  RequestHead head;
  EXPECT_EQ(parser.parse("\n", head), ParseState::kRefused);
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head), ParseState::kRefused);
  parser.reset();
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n", head), ParseState::kComplete);
}

TEST(HttpRequest, P12PipelinedHeadsComeOneByOne) {
  const std::string raw = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
  RequestParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(raw, head), ParseState::kComplete);
  EXPECT_EQ(head.path, "/1");
  EXPECT_TRUE(head.keep_alive);
  const std::string_view rest = std::string_view(raw).substr(head.size);
  parser.reset();
  ASSERT_EQ(parser.parse(rest, head), ParseState::kComplete);
  EXPECT_EQ(head.path, "/2");
  EXPECT_EQ(head.host, "b");
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 2u);
  EXPECT_EQ(head.size, rest.size());
}

TEST(HttpRequest, FieldsAreKeptByteExact) {
  const Parsed head("GET / HTTP/1.1\r\nhOsT:  a \r\nX-Odd:\t a  b\t\r\nX-Odd: 2\r\n\r\n");
  ASSERT_EQ(head->fields.size(), 3u);
  EXPECT_EQ(head->fields.begin()[0].name, "hOsT");
  EXPECT_EQ(head->fields.begin()[0].id, FieldId::kHost);
  EXPECT_EQ(head->fields.begin()[1].value, "a  b");
  EXPECT_EQ(head->fields.find("x-odd")->value, "a  b");
  EXPECT_EQ(head->fields.find("x-none"), nullptr);
}

TEST(HttpRequest, P4AuthorityOfTheAbsoluteFormWins) {
  const Parsed head("GET HTTP://[2001:db8::1]:81/x/../y?z HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(head->authority, "[2001:db8::1]:81");
  EXPECT_EQ(head->host, "[2001:db8::1]");
  EXPECT_EQ(head->path, "/y");
  EXPECT_EQ(head->query, "?z");
  EXPECT_EQ(Parsed("GET http://b?q HTTP/1.1\r\nHost: b\r\n\r\n")->path, "/");
  EXPECT_EQ(Parsed("OPTIONS http://b HTTP/1.1\r\nHost: b\r\n\r\n")->path, "*");
  EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nHost: b:8080\r\n\r\n")->host, "b");
  EXPECT_EQ(Parsed("GET / HTTP/1.0\r\n\r\n")->authority, "");
}

TEST(HttpRequest, FramingIsWhatTheFieldsSay) {
  EXPECT_EQ(Parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n")->framing, Framing::kNone);
  const Parsed length("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0042\r\n\r\n");
  EXPECT_EQ(length->framing, Framing::kLength);
  EXPECT_EQ(length->content_length, 42u);
  EXPECT_EQ(length->method_id, Method::kPut);
  EXPECT_EQ(Parsed("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n")->framing, Framing::kChunked);
}

TEST(HttpRequest, P18KeepAlive) {
  const struct { const char* version; const char* connection; bool keep; } cases[] = {
      {"1.1", "", true},  {"1.1", "Connection: close\r\n", false},  {"1.1", "Connection: a, CLOSE\r\n", false},
      {"1.0", "", false}, {"1.0", "Connection: Keep-Alive\r\n", true}, {"1.0", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false}, {"1.5", "", true}};
  for (const auto& test : cases)
    EXPECT_EQ(Parsed(std::string("GET / HTTP/") + test.version + "\r\nHost: a\r\n" + test.connection + "\r\n")->keep_alive,
              test.keep) << test.version << test.connection;
}

TEST(HttpRequest, P17ExpectIsOnlyForABody) {
  EXPECT_TRUE(Parsed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")->expects_continue);
  EXPECT_FALSE(Parsed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")->expects_continue);
  EXPECT_FALSE(Parsed("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")->expects_continue);
}

TEST(HttpRequest, UpgradeNeedsEverything) {
  const std::string both = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
  EXPECT_TRUE(Parsed("GET / HTTP/1.1\r\nHost: a\r\n" + both + "\r\n")->upgrade);
  EXPECT_FALSE(Parsed("POST / HTTP/1.1\r\nHost: a\r\n" + both + "\r\n")->upgrade);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nHost: a\r\n" + both + "\r\n")->upgrade);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n")->upgrade);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n")->upgrade);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" + both + "\r\n")->upgrade);
}

TEST(HttpRequest, TrailersAreAccepted) {
  EXPECT_TRUE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip, Trailers\r\n\r\n")->accepts_trailers);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\n\r\n")->accepts_trailers);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nHost: a\r\nTE: trailers\r\n\r\n")->accepts_trailers);
}

}  // namespace
}  // namespace gatehouse::http
