#include "gatehouse/base/json.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "gatehouse/base/timestamp.h"
#include "hostile.h"
#include "json_check.h"

namespace gatehouse {
namespace {

using test::FlatJson;

std::string escaped(std::string_view text) {
  std::string buffer(text.size() * 6 + 8, '\0');
  const auto [end, complete] = json::append_escaped(buffer.data(), buffer.data() + buffer.size(), text);
  EXPECT_TRUE(complete);
  buffer.resize(static_cast<std::size_t>(end - buffer.data()));
  return buffer;
}

TEST(Escape, SpellsEachKindOfCharacter) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain text, 123", "plain text, 123"},
      {"a\"b\\c", "a\\\"b\\\\c"},
      {"\n\r\t", "\\n\\r\\t"},
      {std::string("\0\x01\x1f", 3), "\\u0000\\u0001\\u001f"},
      {"\x1b[31m", "\\u001b[31m"},
      {"\x7f", "\\u007f"},
      {"\xc2\x9b", "\\u009b"},
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029"},
      {"\xe2\x80\xae", "\\u202e"},
      {"caf\xc3\xa9 \xf0\x9f\x98\x80", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
      {"\xff", "\xef\xbf\xbd"},
      {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [in, out] : cases) EXPECT_EQ(escaped(in), out) << in;
}

// The paths for whole blocks and short rests must agree with the rule for one byte, at every place and length.
TEST(Escape, FindsADirtyByteAnywhere) {
  for (int c = 0; c < 256; ++c) {
    const bool clean = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
    for (std::size_t size = 1; size < 36; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        ASSERT_EQ(escaped(text) == text, clean) << c << " at " << at << " of " << size;
        ASSERT_EQ(json::is_clean(text), clean);
      }
    }
  }
}

TEST(Escape, CutsAtACharacterAndNeverWritesBehindTheLimit) {
  const std::string text = "abc\n\xf0\x9f\x98\x80\x01z";
  const std::string whole = escaped(text);
  for (std::size_t room = 0; room < whole.size(); ++room) {
    std::string buffer(room + 8, '#');
    const auto [end, complete] = json::append_escaped(buffer.data(), buffer.data() + room, text);
    const auto size = static_cast<std::size_t>(end - buffer.data());
    EXPECT_FALSE(complete);
    EXPECT_LE(size, room);
    EXPECT_EQ(buffer.substr(0, size), whole.substr(0, size));
    EXPECT_EQ(buffer.substr(room), "########");
    EXPECT_TRUE(test::is_utf8(buffer.substr(0, size)));
  }
}

TEST(ToUtf8, ReplacesOnlyWhatIsBroken) {
  EXPECT_EQ(json::to_utf8("a\nb \xc3\xa9"), "a\nb \xc3\xa9");
  EXPECT_EQ(json::to_utf8("\xff" "a"), "\xef\xbf\xbd" "a");
}

template <class Fill>
std::string line(std::size_t room, Fill fill) {
  std::string buffer(room, '#');
  JsonLine json(buffer);
  fill(json);
  buffer.resize(json.finish());
  return buffer;
}

TEST(JsonLine, WritesEveryKindOfValue) {
  const std::string text = line(1024, [](JsonLine& json) {
    json.text("text", "a\"b");
    json.integer("low", std::numeric_limits<std::int64_t>::min());
    json.unsigned_integer("high", std::numeric_limits<std::uint64_t>::max());
    json.milliseconds("ms", std::chrono::microseconds(12'005));
    json.milliseconds("none", std::chrono::nanoseconds(-1));
    json.number("number", 0.25);
    json.number("infinite", std::numeric_limits<double>::infinity());
    json.boolean("yes", true);
    json.named_text("we\"ird", "x");
    json.timestamp("ts", WallTime(std::chrono::microseconds(1'772'366'401'000'042)));
  });
  EXPECT_EQ(text,
            "{\"text\":\"a\\\"b\",\"low\":-9223372036854775808,\"high\":18446744073709551615,\"ms\":12.005,"
            "\"none\":0.000,\"number\":0.25,\"infinite\":null,\"yes\":true,\"we\\\"ird\":\"x\","
            "\"ts\":\"2026-03-01T12:00:01.000042Z\"}\n");
}

TEST(JsonLine, EmptyIsAnObject) { EXPECT_EQ(line(64, [](JsonLine&) {}), "{}\n"); }

TEST(JsonLine, StaysValidAtEverySize) {
  for (std::size_t room = 64; room < 400; ++room) {
    const std::string text = line(room, [](JsonLine& json) {
      json.text("first", std::string(80, '\n'));
      json.integer("number", 1234567);
      json.text("second", "\xc3\xa9\xc3\xa9\xc3\xa9");
      json.boolean("flag", false);
    });
    const auto object = FlatJson::parse(text);
    ASSERT_TRUE(object) << text;
    ASSERT_LE(text.size(), room);
    EXPECT_EQ(object->size() < 4 || object->contains("truncated"), object->contains("truncated"));
    EXPECT_TRUE(test::is_utf8(text));
  }
}

TEST(JsonLine, LimitOfOneValueLeavesTheRest) {
  const std::string text = line(256, [](JsonLine& json) {
    json.text("path", std::string(10000, 'p'), 16);
    json.integer("status", 200);
  });
  EXPECT_EQ(text, "{\"path\":\"" + std::string(16, 'p') + "\",\"status\":200,\"truncated\":true}\n");
}

TEST(JsonLine, HostileValuesStayOneObject) {
  for (const std::string& value : test::hostile_values()) {
    const std::string text = line(kMaxLogLine, [&](JsonLine& json) {
      json.text("a", value);
      json.named_text(value, "b");
      json.integer("end", 1);
    });
    EXPECT_TRUE(FlatJson::parse(text)) << text;
    EXPECT_TRUE(test::is_utf8(text));
    EXPECT_LE(text.size(), kMaxLogLine);
  }
}

std::string timestamp(std::int64_t microseconds) {
  std::string text(kTimestampSize, '#');
  write_timestamp(text.data(), WallTime(std::chrono::microseconds(microseconds)));
  return text;
}

TEST(Timestamp, HasOneWidthAndFollowsTheCalendar) {
  EXPECT_EQ(timestamp(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(timestamp(1), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(timestamp(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(timestamp(951'782'399'999'999), "2000-02-28T23:59:59.999999Z");
  EXPECT_EQ(timestamp(951'782'400'000'000), "2000-02-29T00:00:00.000000Z");
  std::string day(kTimeOfDaySize, '#');
  write_time_of_day(day.data(), WallTime(std::chrono::microseconds(1'772'366'401'123'999)));
  EXPECT_EQ(day, "12:00:01.123");
}

}  // namespace
}  // namespace gatehouse
