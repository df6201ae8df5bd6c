#include "gatehouse/pki/names.h"

#include <gtest/gtest.h>

namespace gatehouse::pki {
namespace {

TEST(NamesTest, HasOneSpellingForEachName) {
  const struct {
    const char* written;
    const char* text;
    bool is_ip, wildcard;
  } cases[] = {
      {"a.test", "a.test", false, false},
      {"WWW.Example.ORG.", "www.example.org", false, false},
      {"*.example.org", "*.example.org", false, true},
      {"xn--mller-kva.example", "xn--mller-kva.example", false, false},
      {"localhost", "localhost", false, false},
      {"1.example", "1.example", false, false},
      {"127.0.0.1", "127.0.0.1", true, false},
      {"2001:DB8:0::0:1", "2001:db8::1", true, false},
      {"::1", "::1", true, false},
      {"0000:0000:0000:0000:0000:ffff:7f00:1", "::ffff:127.0.0.1", true, false},
  };
  for (const auto& expected : cases) {
    const auto name = parse_name(expected.written);
    ASSERT_TRUE(name) << expected.written;
    EXPECT_EQ(name->text, expected.text);
    EXPECT_EQ(name->is_ip, expected.is_ip) << expected.written;
    EXPECT_EQ(name->wildcard(), expected.wildcard) << expected.written;
  }
  EXPECT_EQ(parse_name("*.example.org")->base(), "example.org");
  EXPECT_EQ(parse_name("example.org")->base(), "example.org");
}

TEST(NamesTest, RefusesWhatNoCertificateCarries) {
  const std::string long_label(64, 'a');
  std::string long_name = "a";
  while (long_name.size() <= 253) long_name += ".a";
  for (const std::string& text :
       {std::string(""), std::string("."), std::string("*"), std::string("*."), std::string("*.*.a.test"), std::string("a.*.test"),
        std::string("*a.test"), std::string("a..test"), std::string("a.test.."), std::string(".a.test"), std::string("-a.test"),
        std::string("a-.test"), std::string("a_b.test"), std::string("a b.test"), std::string("a.test/x"), std::string("1.2.3"),
        std::string("256.0.0.1"), std::string("a.1"), std::string("[::1]"), std::string("a.test\0", 7), std::string("a,DNS:b.test"),
        std::string("../a.test"), std::string("m\xc3\xbcller.example"), long_label + ".test", long_name}) {
    const auto name = parse_name(text);
    ASSERT_FALSE(name) << text;
    EXPECT_EQ(name.error().slug, "bad-name") << text;
  }
}

TEST(NamesTest, TellsPeopleToWriteTheALabel) {
  EXPECT_NE(parse_name("m\xc3\xbcller.example").error().help.find("xn--"), std::string::npos);
}

TEST(NamesTest, TakesEachNameOnce) {
  EXPECT_EQ(texts_of(*parse_names({"b.test", "A.test"})), (std::vector<std::string>{"b.test", "a.test"}));
  EXPECT_FALSE(parse_names({"a.test", "A.TEST."}));
  EXPECT_FALSE(parse_names({}));
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("h" + std::to_string(i) + ".test");
  EXPECT_TRUE(parse_names(many));
  many.push_back("one.more.test");
  EXPECT_FALSE(parse_names(many));
}

TEST(NamesTest, ReversesAddresses) {
  EXPECT_EQ(reverse_name(*parse_name("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name(*parse_name("2001:db8::1")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

}  // namespace
}  // namespace gatehouse::pki
