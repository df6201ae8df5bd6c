// The directory of backups.
#include "gatehouse/backup/shelf.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "unit/state/small_disk.h"

namespace gatehouse::backup {
namespace {

namespace fs = std::filesystem;

const WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 26)) + std::chrono::hours(2);

Entry entry(const std::string& id = "state-20261126T020000Z", WallTime taken = kNow) {
  return {.id = id, .target = "state", .database = "gatehouse.db", .taken = taken, .sha256 = {}, .tables = {{"users", {3, 4}}},
          .verified = {}, .drilled = {}};
}

class ShelfTest : public ::testing::Test {
 protected:
  Result<Entry> put(const Entry& what, const std::string& bytes = std::string(1000, 'x')) {
    const auto lock = shelf_.lock();
    EXPECT_TRUE(lock) << lock.error().message;
    std::ofstream(shelf_.part_of(what), std::ios::binary) << bytes;
    return shelf_.keep(what);
  }
  static mode_t mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }

  fakes::TemporaryDirectory place_;
  Shelf shelf_{place_.file("a/backups")};
};

TEST_F(ShelfTest, WithoutADirectoryThereIsNone) { EXPECT_TRUE(shelf_.list()->empty()); }

TEST_F(ShelfTest, WhatIsKeptIsFoundWithItsChecksum) {
  const auto kept = put(entry());
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->bytes, 1000u);
  EXPECT_EQ(kept->sha256, "44f8354494a5ba03ba1792a8d3e9c534c47a9181980fde7a3f44b06ef2ae7c7f");
  EXPECT_EQ(mode_of(shelf_.directory()), 0700u);
  EXPECT_EQ(mode_of(shelf_.directory() + "/state-20261126T020000Z.json"), 0600u);
  const auto found = shelf_.find("state-20261126T020000Z");
  ASSERT_TRUE(found);
  EXPECT_EQ(to_json(*found), to_json(*kept));
  EXPECT_EQ(found->tables.at("users").most, 4);
  EXPECT_TRUE(shelf_.check_sum(*found));
  EXPECT_EQ(shelf_.find("../../etc/passwd").error().slug, "unknown-backup");
}

TEST_F(ShelfTest, OneByteThatChangedIsSeen) {
  ASSERT_TRUE(put(entry()));
  std::fstream(shelf_.file_of(entry()), std::ios::in | std::ios::out | std::ios::binary).seekp(500).put('y');
  EXPECT_EQ(shelf_.check_sum(*shelf_.find("state-20261126T020000Z")).error().slug, "backup-damaged");
  fs::resize_file(shelf_.file_of(entry()), 999);
  EXPECT_EQ(shelf_.check_sum(*shelf_.find("state-20261126T020000Z")).error().slug, "backup-damaged");
  fs::remove(shelf_.file_of(entry()));
  EXPECT_EQ(shelf_.check_sum(*shelf_.find("state-20261126T020000Z")).error().slug, "backup-unreadable");
}

TEST_F(ShelfTest, WhatIsTooSmallIsNone) {
  EXPECT_EQ(put(entry(), "20 bytes of nothing.").error().slug, "backup-too-small");
  EXPECT_TRUE(shelf_.list()->empty());
}

TEST_F(ShelfTest, OnlyOneWorksHere) {
  auto first = shelf_.lock();
  ASSERT_TRUE(first);
  EXPECT_EQ(shelf_.lock().error().slug, "backup-busy");
  first->reset();
  EXPECT_TRUE(shelf_.lock());
}

TEST_F(ShelfTest, WhatACrashLeftIsRemovedAndNothingElse) {
  ASSERT_TRUE(put(entry()));
  for (const char* left : {"state-1.db.part", "state-2.db", "postgres-1.dump", "x.json.part"}) place_.write("a/backups/" + std::string(left), "x");
  place_.write("a/backups/notes.txt", "of somebody");
  ASSERT_TRUE(shelf_.lock());
  EXPECT_EQ(std::distance(fs::directory_iterator(shelf_.directory()), {}), 3) << "backup, description, notes";
}

TEST_F(ShelfTest, OthersMustNotReachIntoIt) {
  fs::create_directories(shelf_.directory());
  fs::permissions(shelf_.directory(), fs::perms(0750));
  EXPECT_EQ(shelf_.lock().error().slug, "backup-insecure");
}

TEST_F(ShelfTest, TheOldestIsFirstAndTheBrokenAreNamed) {
  ASSERT_TRUE(put(entry("state-b", kNow + std::chrono::hours(1))));
  ASSERT_TRUE(put(entry("state-c", kNow)));
  for (const char* text : {"", "{}", "[1]", "{\"version\":2}"}) {
    place_.write("a/backups/state-d.json", text);
    std::vector<std::string> broken;
    const auto all = shelf_.list(&broken);
    ASSERT_EQ(all->size(), 2u);
    EXPECT_EQ(all->front().id, "state-c");
    EXPECT_EQ(broken, std::vector<std::string>{shelf_.directory() + "/state-d.json"});
  }
}

TEST_F(ShelfTest, TwoInOneSecondHaveTwoNames) {
  const Entry first = entry(shelf_.fresh_id("state", kNow));
  EXPECT_EQ(first.id, "state-20261126T020000Z");
  ASSERT_TRUE(put(first));
  EXPECT_EQ(shelf_.fresh_id("state", kNow), "state-20261126T020000Z-2");
}

TEST_F(ShelfTest, RemovedIsGone) {
  ASSERT_TRUE(put(entry()));
  ASSERT_TRUE(shelf_.remove(entry()));
  EXPECT_TRUE(fs::is_empty(shelf_.directory()));
}

TEST(ShelfDisk, AFullDiskLeavesTheOldOnesWhole) {
  const fakes::SmallDisk disk("256k");
  if (!disk.mounted()) GTEST_SKIP() << "this user may not mount";
  const Shelf shelf(disk.file("backups"));
  const auto lock = shelf.lock();
  ASSERT_TRUE(lock);
  std::ofstream(shelf.part_of(entry("state-a"))) << std::string(4096, 'x');
  ASSERT_TRUE(shelf.keep(entry("state-a")));
  std::ofstream(disk.file("big")) << std::string(64 * 1024, 'x');
  disk.fill();
  const Status copied = copy_file(disk.file("big"), shelf.part_of(entry("state-b")));
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "disk-full");
  shelf.drop_part(entry("state-b"));
  const auto all = shelf.list();
  ASSERT_EQ(all->size(), 1u);
  EXPECT_TRUE(shelf.check_sum(all->front()));
  Entry looked = all->front();
  looked.verified = Look{kNow, std::string(20'000, 'e')};
  EXPECT_EQ(shelf.note(looked).error().slug, "disk-full");
  EXPECT_TRUE(shelf.find("state-a")) << "its old description is still there";
}

}  // namespace
}  // namespace gatehouse::backup
