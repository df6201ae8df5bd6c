#include "gatehouse/base/encoding.h"

#include <gtest/gtest.h>

#include "json_check.h"

namespace gatehouse {
namespace {

std::string json_of(std::string_view text) {
  std::string out = ":";
  append_json_string(out, text);
  return out.substr(1);
}

TEST(Hex, IsLowerCaseWithBothDigits) {
  EXPECT_EQ(encode_hex(bytes_of(std::string_view("\0\x0f\xf0\xff", 4))), "000ff0ff");
  EXPECT_EQ(encode_hex({}), "");
}

TEST(Hex, KnowsItsDigitsOnly) {
  for (int c = 0; c < 256; ++c) {
    const std::string_view digits = "0123456789abcdef", upper = "ABCDEF";
    const char byte = static_cast<char>(c);
    const std::size_t small = digits.find(byte), capital = upper.find(byte);
    const int expected = small != digits.npos ? static_cast<int>(small) : capital != upper.npos ? static_cast<int>(capital) + 10 : -1;
    EXPECT_EQ(hex_value(byte), expected) << c;
  }
}

TEST(Base64url, FollowsTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},          {"f", "Zg"},         {"fo", "Zm8"},        {"foo", "Zm9v"},           {"foob", "Zm9vYg"},
      {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"},
  };
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(encode_base64url(plain), text);
    EXPECT_EQ(decode_base64url(text), plain);
  }
}

TEST(Base64url, HasOneSpellingForEachText) {
  for (const std::string_view bad : {"A", "AAAAA", "Zg==", "Zh", "Zm9=", "Zm9v\n", "+_8", "-/8", " Zm8", "Zm-", "Zé"}) {
    EXPECT_FALSE(decode_base64url(bad)) << bad;
  }
  EXPECT_FALSE(decode_base64url(std::string_view("Zm\0v", 4)));
}

TEST(Base64, WantsPaddingAndTheStandardAlphabet) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "+/8="}};
  for (const auto& [plain, text] : cases) {
    EXPECT_EQ(encode_base64(plain), text);
    EXPECT_EQ(decode_base64(text), plain);
  }
  for (const std::string_view bad : {"Zg", "Zg=", "Zh==", "Zm9=", "-_8=", "====", "===", "Z===", "=Zg=", "Zg==Zg==", "Zm9v\n"}) {
    EXPECT_FALSE(decode_base64(bad)) << bad;
  }
}

TEST(Percent, ReadsTwoDigitsOfEitherCase) {
  EXPECT_EQ(percent_value("a%2f", 1), 0x2f);
  EXPECT_EQ(percent_value("%Ff", 0), 0xff);
  EXPECT_EQ(percent_value("%00", 0), 0);
  for (const std::string_view bad : {"%", "%4", "%4g", "%g4", "%%4", "%+4", "%-1"}) EXPECT_EQ(percent_value(bad, 0), -1) << bad;
}

TEST(Form, DecodesPlusAndEscapes) {
  EXPECT_EQ(decode_form("a+b%2Bc%20d"), "a b+c d");
  EXPECT_EQ(decode_form("%26%3d"), "&=");
  EXPECT_EQ(decode_form(""), "");
  for (const std::string_view bad : {"a%", "a%2", "a%zz", "%2%41"}) EXPECT_FALSE(decode_form(bad)) << bad;
}

TEST(JsonString, EscapesWhatJsonWantsEscaped) {
  EXPECT_EQ(json_of(""), R"("")");
  EXPECT_EQ(json_of("plain"), R"("plain")");
  EXPECT_EQ(json_of("a\"b\\c\n\t\x01"), R"("a\"b\\c\n\t\u0001")");
  EXPECT_EQ(json_of("größe"), R"("größe")");
  EXPECT_EQ(json_of("\xff"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json_of("\xe2\x80\xae"), R"("\u202e")");
}

TEST(JsonString, IsValidForEveryByteAtEveryLength) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t size = 1; size < 40; size += 13) {
      const std::string text = json_of(std::string(size, static_cast<char>(c)));
      EXPECT_TRUE(test::is_utf8(text) && test::FlatJson::parse("{\"a\":" + text + "}\n")) << c << ' ' << size;
    }
  }
}

}  // namespace
}  // namespace gatehouse
