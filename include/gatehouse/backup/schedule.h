// Schedule: when something is due, as in cron. Five fields (minute, hour, day of month, month, day of week), or a nickname.
//
//   */15 8-18 * * mon-fri     0 2 * * *     @daily
//
// Each field is "*", a number, a range, a step (*/15, 10-50/20) or a list of these; months and days of the week may be named by
// three letters; Sunday is 0 and 7. When both days are restricted, either is enough. Times are minutes of UTC: there is no
// summer time, so that every due minute comes once. Any other clock is an offset that the caller applies.
// Values; any thread. Source: POSIX, crontab; ranges with steps, names and nicknames as in Vixie cron.
#pragma once

#include <bitset>
#include <optional>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::backup {

class Schedule {
 public:
  // Slug "bad-schedule": the message names the field. A date that never comes (31 February) is refused, too.
  static Result<Schedule> parse(std::string_view text);

  bool matches(WallTime time) const;  // is its minute due?

  // The first due minute after `time`, never `time` itself.
  WallTime next(WallTime time) const;

 private:
  struct Day {
    int year;
    unsigned month, day;
    unsigned weekday;  // 0: Sunday
  };
  bool is_due(const Day& day) const;
  std::optional<WallTime> search(WallTime after) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<7> weekdays_;
  bool any_day_ = false;      // the field began with "*"
  bool any_weekday_ = false;
};

}  // namespace gatehouse::backup
