#include "gatehouse/backup/retention.h"

#include <algorithm>
#include <set>

namespace gatehouse::backup {

namespace {

using Days = std::chrono::days;
constexpr std::chrono::hours kRecent{24};
constexpr int kThursday = 3;  // 1970-01-01 was one, counted from Monday

std::int64_t day_of(WallTime time) { return std::chrono::floor<Days>(time).time_since_epoch().count(); }

std::int64_t week_of(WallTime time) {
  const std::int64_t shifted = day_of(time) + kThursday;
  return (shifted - (shifted < 0 ? 6 : 0)) / 7;
}

}  // namespace

std::vector<std::string> expired(const std::vector<Backup>& backups, const Retention& retention, WallTime now) {
  std::vector<const Backup*> newest_first;
  for (const Backup& backup : backups) newest_first.push_back(&backup);
  std::sort(newest_first.begin(), newest_first.end(), [](const Backup* a, const Backup* b) { return a->taken > b->taken; });
  std::set<std::int64_t> days, weeks;
  bool first_good = true;
  std::vector<std::string> out;
  for (const Backup* backup : newest_first) {
    const auto age = now - backup->taken;
    bool keep = age < kRecent;
    if (backup->good) {
      const bool new_day = days.size() < retention.daily && days.insert(day_of(backup->taken)).second;
      const bool new_week = weeks.insert(week_of(backup->taken)).second && age <= retention.max_age;
      keep = keep || new_day || new_week || first_good;
      first_good = false;
    }
    if (!keep) out.push_back(backup->name);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace gatehouse::backup
