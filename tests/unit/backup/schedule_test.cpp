// Schedules as in cron.
#include "gatehouse/backup/schedule.h"

#include <gtest/gtest.h>

#include <chrono>

namespace gatehouse::backup {
namespace {

using namespace std::chrono_literals;

WallTime at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::sys_days date(std::chrono::year(year) / month / day);
  return WallTime(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

std::string text(WallTime time) { return rfc3339(time).substr(0, 16); }

std::string next(std::string_view schedule, WallTime after) {
  const auto parsed = Schedule::parse(schedule);
  return parsed ? text(parsed->next(after)) : parsed.error().message;
}

std::string problem(std::string_view schedule) {
  const auto parsed = Schedule::parse(schedule);
  return parsed ? "fine" : parsed.error().message;
}

TEST(BackupSchedule, TheNextMinuteIsAlwaysLater) {
  EXPECT_EQ(next("* * * * *", at(2025, 6, 1, 12, 30)), "2025-06-01T12:31");
  EXPECT_EQ(next("* * * * *", at(2025, 6, 1, 12, 30, 59)), "2025-06-01T12:31");
  EXPECT_EQ(next("30 12 * * *", at(2025, 6, 1, 12, 30)), "2025-06-02T12:30");
  EXPECT_EQ(next("30 12 * * *", at(2025, 6, 1, 12, 29, 59)), "2025-06-01T12:30");
  EXPECT_EQ(next("0 0 * * *", at(2025, 12, 31, 23, 59)), "2026-01-01T00:00");
}

TEST(BackupSchedule, ListsRangesAndSteps) {
  EXPECT_EQ(next("*/15 * * * *", at(2025, 6, 1, 12, 46)), "2025-06-01T13:00");
  EXPECT_EQ(next("10-50/20 * * * *", at(2025, 6, 1, 12, 11)), "2025-06-01T12:30");
  EXPECT_EQ(next("10/20 * * * *", at(2025, 6, 1, 12, 31)), "2025-06-01T12:50");
  EXPECT_EQ(next("5,35 8-18 * * *", at(2025, 6, 1, 18, 36)), "2025-06-02T08:05");
  EXPECT_EQ(next("0 0 1,15 */6 *", at(2025, 2, 1)), "2025-07-01T00:00");
  EXPECT_EQ(next("0\t2  * * *", at(2025, 6, 1)), "2025-06-01T02:00");
}

TEST(BackupSchedule, NamesAndNicknames) {
  EXPECT_EQ(next("0 0 * jul-Aug *", at(2025, 2, 1)), "2025-07-01T00:00");
  EXPECT_EQ(next("0 0 * * MON-FRI", at(2025, 6, 6, 1)), "2025-06-09T00:00") << "over the weekend";
  EXPECT_EQ(next("0 0 * * sun", at(2025, 6, 2)), "2025-06-08T00:00");
  EXPECT_EQ(next("0 0 * * 0", at(2025, 6, 2)), "2025-06-08T00:00");
  EXPECT_EQ(next("0 0 * * 7", at(2025, 6, 2)), "2025-06-08T00:00");
  EXPECT_EQ(next("0 0 * * 5-7", at(2025, 6, 7)), "2025-06-08T00:00");
  EXPECT_EQ(next("@daily", at(2025, 6, 2, 3)), "2025-06-03T00:00");
  EXPECT_EQ(next("@midnight", at(2025, 6, 2, 3)), "2025-06-03T00:00");
  EXPECT_EQ(next("@hourly", at(2025, 6, 2, 3, 1)), "2025-06-02T04:00");
  EXPECT_EQ(next("@weekly", at(2025, 6, 2, 3)), "2025-06-08T00:00");
  EXPECT_EQ(next("@monthly", at(2025, 6, 2, 3)), "2025-07-01T00:00");
  EXPECT_EQ(next("@Yearly", at(2025, 6, 2, 3)), "2026-01-01T00:00");
  EXPECT_EQ(next("@annually", at(2025, 6, 2, 3)), "2026-01-01T00:00");
}

TEST(BackupSchedule, EitherOfTwoRestrictedDaysIsEnough) {
  EXPECT_EQ(next("0 0 13 * fri", at(2025, 6, 1)), "2025-06-06T00:00") << "the next Friday";
  EXPECT_EQ(next("0 0 4 * fri", at(2025, 6, 1)), "2025-06-04T00:00") << "the fourth";
  EXPECT_EQ(next("0 0 */2 * fri", at(2025, 6, 1)), "2025-06-13T00:00") << "a day with a star must hold as well";
}

TEST(BackupSchedule, LeapDays) {
  EXPECT_EQ(next("0 0 29 2 *", at(2025, 1, 1)), "2028-02-29T00:00");
  EXPECT_EQ(next("0 0 29 2 *", at(2096, 3, 1)), "2104-02-29T00:00") << "2100 has none";
  EXPECT_EQ(next("0 0 29 2 */7", at(2088, 3, 1)), "2128-02-29T00:00") << "a leap day that is a Sunday";
  EXPECT_EQ(next("59 23 31 12 *", at(2025, 12, 31, 23, 59)), "2026-12-31T23:59");
  EXPECT_EQ(next("0 0 31 * *", at(2025, 6, 1)), "2025-07-31T00:00");
}

TEST(BackupSchedule, MatchesTheWholeMinute) {
  const Schedule schedule = *Schedule::parse("30 12 * * mon");
  EXPECT_TRUE(schedule.matches(at(2025, 6, 2, 12, 30)));
  EXPECT_TRUE(schedule.matches(at(2025, 6, 2, 12, 30, 59)));
  EXPECT_FALSE(schedule.matches(at(2025, 6, 2, 12, 31)));
  EXPECT_FALSE(schedule.matches(at(2025, 6, 2, 13, 30)));
  EXPECT_FALSE(schedule.matches(at(2025, 6, 3, 12, 30)));
  EXPECT_TRUE(Schedule::parse("* * * * *")->matches(at(1960, 2, 29, 23, 59))) << "before 1970, too";
}

TEST(BackupSchedule, WhatIsRefused) {
  EXPECT_EQ(problem("60 * * * *"), "'60' is no minute of a schedule");
  EXPECT_EQ(problem("* 24 * * *"), "'24' is no hour of a schedule");
  EXPECT_EQ(problem("* * 0 * *"), "'0' is no day of month of a schedule");
  EXPECT_EQ(problem("* * * 13 *"), "'13' is no month of a schedule");
  EXPECT_EQ(problem("* * * * 8"), "'8' is no day of week of a schedule");
  for (const char* minute : {"", "5-1", "*/0", "*/60", "*/", "1,", ",1", "1,,2", "-1", "1-", "a", "+1", "1-2-3", "*-5", "5 5"})
    EXPECT_NE(problem(std::string(minute) + " * * * *"), "fine") << minute;
  for (const char* text : {"", "@dayly", "* * * *", "* * * * * *", "@daily *"})
    EXPECT_NE(problem(text).find("is no schedule"), std::string::npos) << text;
  EXPECT_EQ(problem("* * mon * *"), "'mon' is no day of month of a schedule");
  EXPECT_EQ(problem("0 0 31 2 *"), "'0 0 31 2 *' names a date that never comes");
  EXPECT_EQ(problem("0 0 30 feb *"), "'0 0 30 feb *' names a date that never comes");
  EXPECT_EQ(problem("0 0 30 2 mon"), "fine") << "every Monday in February";
  EXPECT_EQ(problem(std::string(300, '*')), "a schedule has at most 256 characters");
}

// By the other way: minute after minute.
TEST(BackupSchedule, NextIsTheFirstThatMatches) {
  for (const char* text : {"*/7 3,5 * * *", "0 0 29 2 *", "13 4 */3 1-6 tue", "59 23 31 * sun", "0 12 * 2 *"}) {
    const Schedule schedule = *Schedule::parse(text);
    WallTime now = at(2024, 2, 26, 3, 3);
    for (int i = 0; i < 5; ++i) {
      const WallTime due = schedule.next(now);
      ASSERT_TRUE(schedule.matches(due)) << text;
      int steps = 0;
      for (WallTime t = now + 1min; t < due && steps < 20'000; t += 1min, ++steps) ASSERT_FALSE(schedule.matches(t)) << text;
      now = due;
    }
  }
}

}  // namespace
}  // namespace gatehouse::backup
