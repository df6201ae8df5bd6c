#include "gatehouse/base/timestamp.h"

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

WallTime at(std::int64_t microseconds) { return WallTime(std::chrono::microseconds(microseconds)); }

TEST(TimestampTest, ReadsWhatItWrites) {
  for (const std::int64_t time : {0L, 1'764'000'000'123'456L, -1L, 253'402'300'799'999'999L}) {
    const auto read = parse_rfc3339(rfc3339(at(time)));
    ASSERT_TRUE(read) << time;
    EXPECT_EQ(*read, at(time));
  }
}

TEST(TimestampTest, ReadsOffsetsAndFractions) {
  const WallTime noon = *parse_rfc3339("2026-03-01T12:00:00Z");
  EXPECT_EQ(*parse_rfc3339("2026-03-01T14:30:00+02:30"), noon);
  EXPECT_EQ(*parse_rfc3339("2026-03-01t07:00:00-05:00"), noon);
  EXPECT_EQ(*parse_rfc3339("2026-03-01T12:00:00.25Z"), noon + std::chrono::milliseconds(250));
  EXPECT_EQ(*parse_rfc3339("2026-03-01T12:00:00.123456789Z"), noon + std::chrono::microseconds(123456));
}

TEST(TimestampTest, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026-03-01", "2026-03-01T12:00:00", "2026-02-30T12:00:00Z", "2026-03-01T24:00:00Z",
                           "2026-03-01T12:60:00Z", "2026-03-01T12:00:60Z", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00.Z",
                           "2026-03-01T12:00:00+2:00", "2026-03-01T12:00:00+24:00", "+026-03-01T12:00:00Z",
                           "2026-03-01T12:00:00Zz", "2026-03-01T12:00:00.1234567890Z"}) {
    const auto read = parse_rfc3339(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().slug, "bad-time");
  }
}

}  // namespace
}  // namespace gatehouse
