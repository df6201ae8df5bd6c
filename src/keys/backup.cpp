// When backups are taken, where they are put, how long they are kept.
#include "gatehouse/backup/schedule.h"
#include "parts.h"

namespace gatehouse::keys {
namespace {

Status check_schedule(std::string_view text) {
  if (text.empty()) return {};
  auto schedule = backup::Schedule::parse(text);
  if (schedule) return {};
  return make_error("bad-value", std::move(schedule).error().message,
                    "minute, hour, day of month, month, day of week: \"0 2 * * *\" is every day at two");
}

const Key kKeys[] = {
    {.path = "backup.schedule",
     .type = Type::kString,
     .fallback = "",
     .help = "When backups are taken, as in cron, in UTC: \"0 2 * * *\", @daily. Empty: only when somebody asks. One that was "
             "missed is taken at the start",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.backup.schedule = v.text; },
     .check = check_schedule},
    {.path = "backup.drill",
     .type = Type::kString,
     .fallback = "",
     .help = "When the newest backup of each is restored elsewhere and looked at, as in cron: \"0 4 * * sun\"",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.backup.drill = v.text; },
     .check = check_schedule},
    {.path = "backup.directory",
     .type = Type::kPath,
     .fallback = "",
     .help = "Where backups are put; mode 0700, used for nothing else. Empty: backups, in the state directory",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.backup.directory = v.text; },
     .restart = true},
    {.path = "backup.retention.daily",
     .type = Type::kInteger,
     .fallback = "7",
     .help = "The newest good backup of each of so many days is kept, besides all of the last 24 hours",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.backup.retention.daily = static_cast<std::size_t>(v.number); },
     .min = 1,
     .max = 366},
    {.path = "backup.retention.days",
     .type = Type::kInteger,
     .fallback = "30",
     .help = "One of each week is kept until it is so many days old; the last good one always",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.backup.retention.max_age = std::chrono::hours(24 * v.number); },
     .min = 1,
     .max = 3660},
};

}  // namespace

std::span<const Key> backup_keys() { return kKeys; }

}  // namespace gatehouse::keys
