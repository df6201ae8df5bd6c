#include "gatehouse/dns/message.h"

#include <gtest/gtest.h>

#include "gatehouse/base/encoding.h"

namespace gatehouse::dns {
namespace {

std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    bytes.push_back(static_cast<char>(hex_value(text[at]) << 4 | hex_value(text[at + 1])));
    at += 2;
  }
  return bytes;
}

TEST(DnsMessageTest, AsksAQuestion) {
  const auto bytes = encode_message(query(0x1234, "_acme-challenge.A.test.", Type::kTxt, true));
  ASSERT_TRUE(bytes);
  EXPECT_EQ(encode_hex(bytes_of(*bytes)), "12340100000100000000" "0000" "0f5f61636d652d6368616c6c656e6765" "0161" "0474657374" "00" "0010" "0001");
  const auto again = parse_message(*bytes);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->questions[0], (Question{"_acme-challenge.a.test", Type::kTxt, Class::kIn}));
  EXPECT_TRUE(again->recursion_desired);
}

// An answer with compressed names: f.isi.arpa as in RFC 1035, section 4.1.4, behind a CNAME, and a TXT of two strings.
TEST(DnsMessageTest, ReadsAnAnswer) {
  const std::string bytes = unhex(
      "0001 8580 0001 0002 0001 0000"
      "01 66 03 697369 04 61727061 00 0010 0001"                   // 12: f.isi.arpa TXT
      "c00c 0005 0001 0000003c 0006 03 464f4f c00e"                // CNAME foo.isi.arpa, the name at 40
      "c028 0010 0001 0000003c 0008 02 6869 04 7468 6572"          // TXT "hi" "ther"
      "c012 0006 0001 0000003c 0018 c012 c00c 00000001 00000002 00000003 00000004 00000005");
  const auto message = parse_message(bytes);
  ASSERT_TRUE(message) << message.error().message;
  EXPECT_TRUE(message->response && message->authoritative);
  ASSERT_EQ(message->answers.size(), 2U);
  EXPECT_EQ(message->answers[0].name, "f.isi.arpa");
  EXPECT_EQ(message->answers[0].target, "foo.isi.arpa");
  EXPECT_EQ(message->answers[1].name, "foo.isi.arpa");
  EXPECT_EQ(message->answers[1].strings, (std::vector<std::string>{"hi", "ther"}));
  EXPECT_EQ(message->authority[0].name, "arpa");
  EXPECT_EQ(message->authority[0].target, "arpa");
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(parse_message(bytes.substr(0, cut))) << cut;
  EXPECT_FALSE(parse_message(bytes + '\0'));
}

TEST(DnsMessageTest, FollowsPointersBackwardsOnly) {
  const std::string header = unhex("0001 8180 0001 0000 0000 0000");
  EXPECT_FALSE(parse_message(header + unhex("c00c 0001 0001")));                  // to itself
  EXPECT_FALSE(parse_message(header + unhex("c010 0001 0001 01 61 00")));         // forwards
  EXPECT_FALSE(parse_message(header + unhex("01 61 c00c 0001 0001")));            // to the name that it is in
  EXPECT_FALSE(parse_message(header + unhex("41" + std::string(130, '6') + "00 0001 0001")));  // a label of 65
  std::string long_name;
  for (int i = 0; i < 130; ++i) long_name += "01 61 ";
  EXPECT_FALSE(parse_message(header + unhex(long_name + "00 0001 0001")));
}

TEST(DnsMessageTest, EscapesWhatNoNameHolds) {
  const auto message = parse_message(unhex("0001 8180 0001 0000 0000 0000 03 61 2e 00 01 5c 00 0001 0001"));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->questions[0].name, "a\\046\\000.\\092");
  EXPECT_FALSE(encode_name(message->questions[0].name));
}

TEST(DnsMessageTest, SendsOnlyNames) {
  for (const std::string& name : {std::string("a..b"), std::string(".a"), std::string("a b"), std::string(64, 'a'), std::string("a\0b", 3),
                                  std::string("\xc3\xbc")}) {
    EXPECT_FALSE(encode_name(name)) << name;
  }
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  EXPECT_EQ(encode_name(longest)->size(), 255U);
  EXPECT_FALSE(encode_name("b." + longest));
  EXPECT_EQ(*encode_name(""), std::string(1, '\0'));
}

TEST(DnsMessageTest, UpdatesAZone) {  // RFC 2136
  const auto added = parse_message(*encode_message(add_text(7, "a.test", "_acme-challenge.a.test", "value", 60)));
  ASSERT_TRUE(added);
  EXPECT_EQ(added->opcode, Opcode::kUpdate);
  EXPECT_EQ(added->questions[0], (Question{"a.test", Type::kSoa, Class::kIn}));
  ASSERT_EQ(added->authority.size(), 1U);
  EXPECT_EQ(added->authority[0].cls, Class::kIn);
  EXPECT_EQ(added->authority[0].ttl, 60U);
  EXPECT_EQ(added->authority[0].strings, std::vector<std::string>{"value"});
  const auto removed = parse_message(*encode_message(remove_text(7, "a.test", "_acme-challenge.a.test", "value")));
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->authority[0].cls, Class::kNone);
  EXPECT_EQ(removed->authority[0].ttl, 0U);
  EXPECT_EQ(removed->authority[0].data, added->authority[0].data);
}

TEST(DnsMessageTest, CutsTextsIntoStrings) {
  EXPECT_EQ(text_data(""), std::string(1, '\0'));
  EXPECT_EQ(text_data("ab"), "\x02" "ab");
  const std::string data = text_data(std::string(300, 'x'));
  EXPECT_EQ(data.size(), 302U);
  EXPECT_EQ(static_cast<unsigned char>(data[0]), 255);
  EXPECT_EQ(data[256], 45);
}

}  // namespace
}  // namespace gatehouse::dns
