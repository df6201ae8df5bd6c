#include "gatehouse/http/url.h"

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

TEST(Url, TakesApart) {
  const auto url = parse_url("https://Example.org:8443/a?b");
  ASSERT_TRUE(url.ok());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->address, (net::Address{"example.org", 8443, false}));
  EXPECT_EQ(url->authority, "Example.org:8443");
  EXPECT_EQ(url->target, "/a?b");
  const auto bare = parse_url("http://[0::1]?x");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->address, (net::Address{"::1", 80, false}));
  EXPECT_EQ(bare->authority, "[0::1]");
  EXPECT_EQ(bare->target, "/?x");
  const auto colon = parse_url("https://a:/");
  ASSERT_TRUE(colon.ok());
  EXPECT_EQ(colon->address, (net::Address{"a", 443, false}));
  EXPECT_EQ(colon->authority, "a");
  EXPECT_EQ(parse_url("HTTPS://10.0.0.1")->address.to_string(), "10.0.0.1:443");
}

TEST(Url, RefusesTheRest) {
  for (const char* const bad : {"", "example.org", "ftp://a/", "http:/a", "http://", "http:///x", "http://:80/", "http://a:0/",
                                "http://a:65536/", "http://a:080/", "http://a::/", "http://user@a/", "http://a/#f", "http://a#f", "http://a /",
                                "http://a/\r\nX: y", "http://[::1/", "http://[::1]x/", "http://[zz]/", "http://[fe80::1%25eth0]/", "http://::1/",
                                "http://a%41/", "http://a/\x7f", "http://a/{x}", "http://a\\b/", "http://2130706433/", "http://127.1/",
                                "http://-a/", "http://a../", "http://unix:/run/x"}) {
    const auto url = parse_url(bad);
    ASSERT_FALSE(url.ok()) << bad;
    EXPECT_EQ(url.error().slug, "bad-url") << bad;
  }
  EXPECT_FALSE(parse_url("http://a/" + std::string(9000, 'x')).ok());
}

TEST(Origin, TakesApart) {
  const auto origin = parse_origin("https://[::1]:8443");
  ASSERT_TRUE(origin);
  EXPECT_TRUE(origin->tls);
  EXPECT_EQ(origin->host, "[::1]");
  EXPECT_EQ(origin->port, "8443");
  EXPECT_EQ(parse_origin("HTTP://App.example")->host, "App.example");
  EXPECT_EQ(parse_origin("http://localhost")->port, "");
}

TEST(Origin, RefusesWhatIsNone) {
  for (const char* const bad : {"", "null", "localhost", "file://", "https://", "https://a/", "https://a?b", "https://a#b", "https://u@a", "https://a:",
                                "https://a:x", "https://a:0", "https://a b", "https://a,https://b", "chrome-extension://abc", "http://localhost:1.evil.example"})
    EXPECT_FALSE(parse_origin(bad)) << bad;
  EXPECT_FALSE(parse_origin(std::string_view("http://[::\0@]:21", 16)));  // nothing hides behind a zero byte
}

}  // namespace
}  // namespace gatehouse::http
