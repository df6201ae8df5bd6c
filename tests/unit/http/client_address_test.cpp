#include <gtest/gtest.h>

#include <set>

#include "gatehouse/http/forward.h"
#include "gatehouse/http/h1.h"

namespace gatehouse::http {
namespace {

class TrustSet final : public AddressTest {
 public:
  explicit TrustSet(std::set<std::string> addresses) : addresses_(std::move(addresses)) {}
  bool trusted(std::string_view address) const override { return addresses_.contains(std::string(address)); }

 private:
  std::set<std::string> addresses_;
};

std::string client(const std::string& fields, const std::string& peer = "10.0.0.1") {
  RequestParser parser;
  RequestHead head;
  const std::string raw = "GET / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
  EXPECT_EQ(parser.parse(raw, head), ParseState::kComplete);
  return std::string(client_address(head, peer, TrustSet({"10.0.0.1", "10.0.0.2", "fd00::1"})));
}

TEST(HttpClientAddress, RightmostUntrusted) {
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1\r\n", "9.9.9.9"), "9.9.9.9");
  EXPECT_EQ(client(""), "10.0.0.1");
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1\r\n"), "1.1.1.1");
  EXPECT_EQ(client("X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.2\r\n"), "1.1.1.1");
  EXPECT_EQ(client("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 1.1.1.1,fd00::1\r\n"), "1.1.1.1");
  EXPECT_EQ(client("X-Forwarded-For: 10.0.0.2, 10.0.0.2\r\n"), "10.0.0.2");
  EXPECT_EQ(client("X-Forwarded-For: 2001:db8::5\r\n"), "2001:db8::5");
  EXPECT_EQ(client("X-Forwarded-For: [2001:db8::5]:443\r\n"), "2001:db8::5");
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1:5000\r\n"), "1.1.1.1");
}

TEST(HttpClientAddress, NonsenseEndsTheSearch) {
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1, unknown\r\n"), "10.0.0.1");
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1, junk, 10.0.0.2\r\n"), "10.0.0.2");
  EXPECT_EQ(client("X-Forwarded-For:\r\n"), "10.0.0.1");
  EXPECT_EQ(client("X-Forwarded-For: 1.1.1.1 , ,\r\n"), "1.1.1.1");  // RFC 9110 section 5.6.1: empty members are none
  EXPECT_EQ(client("Forwarded: for=1.1.1.1, ,for=10.0.0.2,\r\n"), "1.1.1.1");
  EXPECT_EQ(client("X-Forwarded-For: 01.1.1.1\r\n"), "10.0.0.1");
  EXPECT_EQ(client("X-Forwarded-For: [::1\r\n"), "10.0.0.1");
}

TEST(HttpClientAddress, ForwardedFields) {
  EXPECT_EQ(client("Forwarded: for=1.1.1.1\r\n"), "1.1.1.1");
  EXPECT_EQ(client("Forwarded: for=6.6.6.6, proto=http;For=\"[2001:db8::5]:47011\";by=x, for=10.0.0.2\r\n"), "2001:db8::5");
  EXPECT_EQ(client("Forwarded: for=\"1.1.1.1, 10.0.0.2\"\r\n"), "10.0.0.1");
  EXPECT_EQ(client("Forwarded: for=1.1.1.1, by=10.0.0.2\r\n"), "10.0.0.1");
  EXPECT_EQ(client("Forwarded: for=_hidden\r\n"), "10.0.0.1");
  EXPECT_EQ(client("Forwarded: for=\"1.1.1.1\r\n"), "10.0.0.1");
  EXPECT_EQ(client("Forwarded: for=5.5.5.5\r\nX-Forwarded-For: 1.1.1.1\r\n"), "1.1.1.1");
}

TEST(HttpClientAddress, LongListsKeepTheRightEnd) {
  std::string list = "X-Forwarded-For: 6.6.6.6";
  for (int i = 0; i < 100; ++i) list += ", 10.0.0.2";
  EXPECT_EQ(client(list + "\r\n"), "10.0.0.2");
}

}  // namespace
}  // namespace gatehouse::http
