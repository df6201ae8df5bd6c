// Which backups are kept (R32).
#include "gatehouse/backup/retention.h"

#include <gtest/gtest.h>

#include <chrono>

namespace gatehouse::backup {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2025) / 6 / 29)) + 12h;  // a Sunday

Backup aged(std::chrono::hours age, bool good = true) { return {"-" + std::to_string(age.count()) + "h", kNow - age, good}; }

std::vector<Backup> nightly(int nights) {
  std::vector<Backup> out;
  for (int night = 0; night < nights; ++night) out.push_back(aged(10h + days(night)));
  return out;
}

std::string kept(const std::vector<Backup>& backups, const Retention& retention = {}) {
  const auto gone = expired(backups, retention, kNow);
  std::string out;
  for (const Backup& backup : backups)
    if (std::find(gone.begin(), gone.end(), backup.name) == gone.end()) out += backup.name + " ";
  return out;
}

TEST(BackupRetention, SevenDaysThenOnePerWeekThenNothing) {
  // Sunday 29 June and six days before; then the Sundays 22, 15, 8 and 1 June, of which the last is 28 days old.
  EXPECT_EQ(kept(nightly(60)), "-10h -34h -58h -82h -106h -130h -154h -178h -346h -514h -682h ");
}

TEST(BackupRetention, TheOldestGoFirst) {
  const auto gone = expired(nightly(60), {}, kNow);
  ASSERT_EQ(gone.size(), 49u);
  EXPECT_EQ(gone.front(), "-1426h");
  EXPECT_EQ(gone.back(), "-202h");
}

TEST(BackupRetention, OneADayIsEnoughButTodaysAreAllKept) {
  EXPECT_EQ(kept({aged(1h), aged(2h), aged(23h), aged(24h), aged(25h), aged(26h)}), "-1h -2h -23h ")
      << "24 and more: of the same Saturday";
  EXPECT_EQ(kept({aged(1h), aged(37h), aged(40h)}), "-1h -37h ");
}

TEST(BackupRetention, DaysWithoutABackupDoNotCount) {
  std::vector<Backup> backups;
  for (int i = 0; i < 10; ++i) backups.push_back(aged(days(3 * i)));
  // Of 29, 26, 23, 20, 17, 14, 11, 8, 5 and 2 June: seven days, then 8 June for its week.
  EXPECT_EQ(expired(backups, {}, kNow), (std::vector<std::string>{"-648h", "-576h"}));
  EXPECT_EQ(kept(backups, {2, 10 * 24h}), "-0h -72h -216h ") << "two days, then 20 June for its week";
}

TEST(BackupRetention, TheLastGoodOneStays) {
  EXPECT_EQ(kept({aged(days(90)), aged(days(91))}, {0, 30 * 24h}), "-2160h ");
  EXPECT_EQ(kept({aged(days(2), false), aged(days(90)), aged(1h, false)}, {0, 24h}), "-2160h -1h ");
}

TEST(BackupRetention, BadOnesTakeNoPlace) {
  EXPECT_EQ(kept({aged(30h, false), aged(31h)}), "-31h ");
}

TEST(BackupRetention, AClockThatWasWrongLosesNothing) {
  EXPECT_EQ(kept({aged(-48h), aged(1h)}), "--48h -1h ");
  EXPECT_TRUE(expired({}, {}, kNow).empty());
  EXPECT_TRUE(expired({{"old", WallTime(-days(4))}, {"older", WallTime(-days(11))}}, {1, 300'000h * 2}, kNow).empty());
}

}  // namespace
}  // namespace gatehouse::backup
