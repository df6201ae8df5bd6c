#include "gatehouse/net/address.h"

#include <gtest/gtest.h>
#include <sys/un.h>

#include <string>
#include <vector>

namespace gatehouse::net {
namespace {

TEST(Address, ParsesAndPrints) {
  const struct {
    std::string text, host, printed;
    std::uint16_t port;
  } cases[] = {
      {"127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", 8080},
      {"[::1]:80", "::1", "[::1]:80", 80},
      {"[0:0:0:0:0:0:0:1]:80", "::1", "[::1]:80", 80},
      {"[2001:DB8::A]:443", "2001:db8::a", "[2001:db8::a]:443", 443},
      {":8080", "", ":8080", 8080},
      {"0.0.0.0:0", "0.0.0.0", "0.0.0.0:0", 0},
      {"Example.ORG:65535", "example.org", "example.org:65535", 65535},
      {"my_app-1.internal:1", "my_app-1.internal", "my_app-1.internal:1", 1},
      {"1password.example:443", "1password.example", "1password.example:443", 443},
  };
  for (const auto& c : cases) {
    const auto address = parse_address(c.text);
    ASSERT_TRUE(address) << c.text << ": " << address.error().message;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->to_string(), c.printed);
    EXPECT_EQ(*parse_address(c.printed), *address);
  }
}

TEST(Address, RefusesWhatIsNotExact) {
  const std::vector<std::string> cases = {
      "", "8080", "host", ":", "host:", ":+80", ":080", ":65536", ":99999", ":-1", ": 80", ":80 ", "127.0.0.1",
      "::1:8080", "[::1]", "[::1]8080", "[::1:8080", "[127.0.0.1]:80", "[fe80::1%eth0]:80", "[]:80",
      // What inet_aton would take.
      "127.1:80", "0x7f.0.0.1:80", "2130706433:80", "0177.0.0.1:80", "127.0.0.01:80", "1.2.3.4.5:80", "256.0.0.1:80",
      "host.0x10:80", "a..b:80", ".a:80", "a.:80", "-a.b:80", "a-.b:80", "a b:80", "*:80", "a/b:80", "user@host:80",
      "unix:", "unix:relative.sock", "unix:@abstract", "unix:/" + std::string(107, 'x'), std::string("unix:/a\0b", 9),
      std::string("a\0b:80", 6), std::string(64, 'a') + ":80", "http://host:80", "Unix:80",
  };
  for (const std::string& text : cases) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().slug, "bad-address");
    EXPECT_FALSE(address.error().help.empty());
  }
}

TEST(Address, MessageShowsNoControlBytes) {
  const auto address = parse_address("\x1b[31mred\n:80");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().message.find('\x1b'), std::string::npos);
  EXPECT_EQ(address.error().message.find('\n'), std::string::npos);
}

TEST(Address, UnixPaths) {
  const auto address = parse_address("unix:/run/gatehouse/admin.sock");
  ASSERT_TRUE(address);
  EXPECT_TRUE(address->is_unix);
  EXPECT_EQ(address->host, "/run/gatehouse/admin.sock");
  EXPECT_EQ(address->to_string(), "unix:/run/gatehouse/admin.sock");
  const auto endpoint = to_endpoint(*address);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->to_string(), "unix:/run/gatehouse/admin.sock");
  EXPECT_EQ(endpoint->port(), 0);
  const auto longest = parse_address("unix:/" + std::string(106, 'x'));
  ASSERT_TRUE(longest);
  EXPECT_EQ(to_endpoint(*longest)->to_string(), longest->to_string());
}

TEST(Address, Loopback) {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "a.localhost:1", "unix:/x", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_TRUE(parse_address(text)->is_loopback()) << text;
  }
  for (const char* text : {":1", "0.0.0.0:1", "[::]:1", "128.0.0.1:1", "localhost.example:1", "notlocalhost:1", "[::2]:1"}) {
    EXPECT_FALSE(parse_address(text)->is_loopback()) << text;
  }
}

TEST(Endpoint, PrintsAddressAndPort) {
  EXPECT_EQ(to_endpoint(*parse_address("10.1.2.3:99"))->to_string(), "10.1.2.3:99");
  EXPECT_EQ(to_endpoint(*parse_address("[2001:db8::1]:99"))->to_string(), "[2001:db8::1]:99");
  EXPECT_EQ(to_endpoint(*parse_address("[2001:db8::1]:99"))->address_only(), "2001:db8::1");
  EXPECT_EQ(to_endpoint(Address{"::ffff:10.1.2.3", 5, false})->address_only(), "10.1.2.3");
  EXPECT_EQ(to_endpoint(*parse_address(":7"))->to_string(), "[::]:7");
  EXPECT_EQ(to_endpoint(*parse_address(":7"))->port(), 7);
}

TEST(Endpoint, NamesNeedALookup) { EXPECT_EQ(to_endpoint(*parse_address("host.name:80")).error().slug, "needs-lookup"); }

TEST(Cidr, Contains) {
  const struct {
    const char* network;
    const char* address;
    bool inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},    {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "::ffff:10.1.1.1", true},   {"192.168.4.0/22", "192.168.7.255", true},
      {"192.168.4.0/22", "192.168.8.0", false},  {"192.168.4.0/22", "192.168.3.255", false},
      {"192.0.2.1", "192.0.2.1", true},          {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1/32", "192.0.2.1", true},       {"0.0.0.0/0", "8.8.8.8", true},
      {"0.0.0.0/0", "2001:db8::1", false},       {"::/0", "2001:db8::1", true},
      {"::/0", "8.8.8.8", false},                {"2001:db8::/32", "2001:db8:ffff::1", true},
      {"2001:db8::/32", "2001:db9::1", false},   {"2001:db8::/33", "2001:db8:8000::", false},
      {"2001:db8::1", "2001:db8::1", true},      {"2001:db8::1", "2001:db8::2", false},
      {"::ffff:0.0.0.0/96", "1.2.3.4", true},    {"10.0.0.0/8", "10.0.0", false},
      {"10.0.0.0/8", "", false},                 {"10.0.0.0/8", "10.0.0.1:80", false},
  };
  for (const auto& c : cases) {
    const auto cidr = parse_cidr(c.network);
    ASSERT_TRUE(cidr) << c.network;
    EXPECT_EQ(cidr->contains(std::string_view(c.address)), c.inside) << c.network << " " << c.address;
    if (const auto address = parse_address(std::string("[") + c.address + "]:1"); address) {
      EXPECT_EQ(cidr->contains(*to_endpoint(*address)), c.inside) << c.network << " endpoint " << c.address;
    }
  }
  EXPECT_TRUE(parse_cidr("127.0.0.0/8")->contains(*to_endpoint(*parse_address("127.0.0.1:1"))));
  EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*to_endpoint(*parse_address("unix:/x"))));
}

TEST(Cidr, RefusesWhatIsNotExact) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0/8", "::/129",
                           "::1/64", "10.0.0.1/8", "host/8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "[::1]", "::/ 0", "::/1e1"}) {
    const auto cidr = parse_cidr(text);
    ASSERT_FALSE(cidr) << text;
    EXPECT_EQ(cidr.error().slug, "bad-cidr");
  }
  EXPECT_EQ(parse_cidr("10.1.2.3/8").error().help, "write 10.0.0.0/8");
  EXPECT_EQ(parse_cidr("2001:db8::1/32").error().help, "write 2001:db8::/32");
}

}  // namespace
}  // namespace gatehouse::net
