#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {
namespace {

using namespace std::string_literals;

struct Case {
  std::string raw;
  std::string reason;  // empty: accepted
};

std::string ok(const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {ok(""), ""},
      {ok("Content-Length: 5\r\n"), ""},
      {"HTTP/1.1 200 \r\n\r\n", ""},
      {"HTTP/1.1 200\r\n\r\n", ""},
      {"HTTP/1.1 404 Caf\xc3\xa9 not found\r\n\r\n", ""},
      {"HTTP/1.0 200 OK\r\n\r\n", ""},
      {"HTTP/1.1 20 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 000 No\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 600 No\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 +20 No\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1  200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1\t200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 200\tOK\r\n\r\n", "bad_status_line"},
      {"HTTP/2.0 200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.10 200 OK\r\n\r\n", "bad_status_line"},
      {"ICY 200 OK\r\n\r\n", "bad_status_line"},
      {"http/1.1 200 OK\r\n\r\n", "bad_status_line"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "bad_status_line"},
      {"HTTP/1.1 200 OK\n\n", "bare_lf"},
      {ok("X: a\n"), "bare_lf"},
      {ok("X: a\rb\r\n"), "bare_cr"},
      {ok("X: a\0b\r\n"s), "nul"},
      {ok("X: a\r\n b\r\n"), "obs_fold"},
      {ok("X : a\r\n"), "space_before_colon"},
      {ok(": a\r\n"), "bad_field_name"},
      {ok("Content-Length: 5\r\nContent-Length: 5\r\n"), "duplicate_content_length"},
      {ok("Content-Length: 5, 5\r\n"), "bad_content_length"},
      {ok("Content-Length: -1\r\n"), "bad_content_length"},
      {ok("Content-Length: 0x5\r\n"), "bad_content_length"},
      {ok("Content-Length:\r\n"), "bad_content_length"},
      {ok("Transfer-Encoding: chunked\r\n"), ""},
      {ok("Transfer-Encoding: gzip, chunked\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding: chunked, gzip\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding: identity\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding:\r\n"), "bad_transfer_encoding"},
      {ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "duplicate_transfer_encoding"},
      {ok("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), ""},
      {ok("Transfer-Encoding: chunked\r\nContent-Length: x\r\n"), "bad_content_length"},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_in_http_10"},
      {ok("Connection: a b\r\n"), "bad_connection"},
      {ok("X: " + std::string(17000, 'v') + "\r\n"), "field_too_large"},
  };
  return all;
}

std::string outcome(const std::string& raw, std::size_t step) {
  ResponseParser parser;
  ResponseHead head;
  std::string places[2];
  ParseState state = ParseState::kIncomplete;
  for (std::size_t size = step, turn = 0; state == ParseState::kIncomplete; size += step, ++turn) {
    places[turn % 2] = raw.substr(0, size);
    places[(turn + 1) % 2].assign(places[turn % 2].size(), '#');
    state = parser.parse(places[turn % 2], Method::kGet, head);
    if (size >= raw.size()) break;
  }
  if (state == ParseState::kRefused) return std::to_string(parser.refusal().status) + parser.refusal().reason;
  std::string text = std::to_string(int(state)) + std::to_string(head.status) + std::string(head.reason);
  for (const Field& field : head.fields) text.append(field.name).append("=").append(field.value);
  return text + std::to_string(int(head.framing)) + std::to_string(head.content_length) + (head.keep_alive ? "k" : "c");
}

// Status, fields → framing and reuse.
struct Meaning {
  Framing framing;
  std::uint64_t length;
  bool keep_alive;
  bool operator==(const Meaning&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Meaning& meaning) {
  return out << int(meaning.framing) << " " << meaning.length << " " << meaning.keep_alive;
}

Meaning meaning(const std::string& raw, Method request = Method::kGet) {
  ResponseParser parser;
  ResponseHead head;
  EXPECT_EQ(parser.parse(raw, request, head), ParseState::kComplete) << raw;
  return {head.framing, head.content_length, head.keep_alive};
}

TEST(HttpResponse, P11IsAsStrictAsForRequests) {
  for (const Case& test : cases()) {
    ResponseParser parser;
    ResponseHead head;
    EXPECT_EQ(parser.parse(test.raw, Method::kGet, head), test.reason.empty() ? ParseState::kComplete : ParseState::kRefused)
        << test.raw;
    EXPECT_EQ(std::string(parser.refusal().reason), test.reason) << test.raw;
    EXPECT_EQ(parser.refusal().status, test.reason.empty() ? 0 : 502) << test.raw;
  }
}

TEST(HttpResponse, ArrivingInPiecesChangesNothing) {
  for (const Case& test : cases()) {
    const std::string expected = outcome(test.raw, test.raw.size());
    EXPECT_EQ(outcome(test.raw, test.raw.size() > 2000 ? 101 : 1), expected) << test.raw;
    EXPECT_EQ(outcome(test.raw, 7), expected) << test.raw;
  }
}

TEST(HttpResponse, P11Framing) {
  EXPECT_EQ(meaning(ok("Content-Length: 5\r\n")), (Meaning{Framing::kLength, 5, true}));
  EXPECT_EQ(meaning(ok("Transfer-Encoding: chunked\r\n")), (Meaning{Framing::kChunked, 0, true}));
  EXPECT_EQ(meaning(ok("")), (Meaning{Framing::kUntilClose, 0, false}));
  EXPECT_EQ(meaning(ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), (Meaning{Framing::kChunked, 0, false}));
  EXPECT_EQ(meaning("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n"), (Meaning{Framing::kLength, 5, false}));
  EXPECT_EQ(meaning("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\n"),
            (Meaning{Framing::kLength, 5, true}));
  EXPECT_EQ(meaning(ok("Content-Length: 5\r\nConnection: close\r\n")), (Meaning{Framing::kLength, 5, false}));
}

TEST(HttpResponse, P11P19NoBodyWhateverTheLengthSays) {
  const std::string length = "Content-Length: 5\r\n\r\n";
  EXPECT_EQ(meaning("HTTP/1.1 200 OK\r\n" + length, Method::kHead), (Meaning{Framing::kNone, 5, true}));
  EXPECT_EQ(meaning("HTTP/1.1 304 Not Modified\r\n" + length), (Meaning{Framing::kNone, 5, true}));
  EXPECT_EQ(meaning("HTTP/1.1 204 No Content\r\n\r\n"), (Meaning{Framing::kNone, 0, true}));
  EXPECT_EQ(meaning("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), (Meaning{Framing::kNone, 0, true}));
  EXPECT_EQ(meaning("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), (Meaning{Framing::kNone, 0, true}));
  EXPECT_EQ(meaning("HTTP/1.1 100 Continue\r\n\r\n"), (Meaning{Framing::kNone, 0, true}));
  // A body announced where none can be: no second message is looked for on that connection.
  EXPECT_EQ(meaning("HTTP/1.1 204 No Content\r\n" + length).keep_alive, false);
  EXPECT_EQ(meaning("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n").keep_alive, false);
  EXPECT_EQ(meaning("HTTP/1.1 200 OK\r\n" + length, Method::kConnect).framing, Framing::kNone);
}

}  // namespace
}  // namespace gatehouse::http
