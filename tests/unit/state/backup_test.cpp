// Copies of an SQLite database in use.
#include "gatehouse/state/backup.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "fakes/manual_clock.h"
#include "gatehouse/state/open.h"
#include "small_disk.h"
#include "temporary_directory.h"

namespace gatehouse::state {
namespace {

namespace fs = std::filesystem;

class SqliteBackupTest : public ::testing::Test {
 protected:
  SqliteBackupTest() {
    directory_.emplace(*StateDirectory::open(place_.file("state")));
    store_ = *open_store({}, *directory_, clock_);
    add("ada");
  }
  void add(const std::string& name) {
    User user;
    user.username = name;
    EXPECT_TRUE(store_->add_user(user, {.at = clock_.wall(), .actor = "system", .action = "user.created", .subject = name, .detail = {}}));
  }
  std::string live() const { return directory_->file("gatehouse.db"); }
  void sql(const std::string& path, const char* text) const {
    sqlite3* db = nullptr;
    sqlite3_open(path.c_str(), &db);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }
  std::size_t files() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(place_.path()), {})); }
  static std::string slug(const Status& status) { return status ? "" : status.error().slug; }

  fakes::TemporaryDirectory place_;
  fakes::ManualClock clock_;
  std::optional<StateDirectory> directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteBackupTest, ACopyOfADatabaseInUseIsOneWholePrivateFile) {
  const std::string copy = place_.file("copy.db");
  ASSERT_TRUE(copy_sqlite(live(), copy));
  struct stat info {};
  ASSERT_EQ(::stat(copy.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  add("bob");  // the original goes on
  EXPECT_TRUE(check_sqlite(copy));
  auto counts = count_sqlite(copy);
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->at("users"), 1);
  EXPECT_EQ(counts->at("audit"), 1);
  EXPECT_EQ(files(), 2u) << "the state, the copy, and nothing beside it";
}

TEST_F(SqliteBackupTest, NothingIsOverwritten) {
  place_.write("copy.db", "precious");
  EXPECT_FALSE(copy_sqlite(live(), place_.file("copy.db")));
  EXPECT_EQ(fs::file_size(place_.file("copy.db")), 8u);
}

TEST_F(SqliteBackupTest, AByteThatChangedInThePagesIsFound) {
  const std::string copy = place_.file("copy.db");
  ASSERT_TRUE(copy_sqlite(live(), copy));
  std::fstream file(copy, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 + 3);  // of a page: how many cells it has
  file.write("\xff\xff", 2);
  file.close();
  EXPECT_EQ(slug(check_sqlite(copy)), "database-corrupt");
}

TEST_F(SqliteBackupTest, ATableThatIsGoneIsSeenByWhoWorksWithItOnly) {
  sql(live(), "DROP TABLE revoked_tokens");
  const std::string copy = place_.file("copy.db");
  ASSERT_TRUE(copy_sqlite(live(), copy));
  EXPECT_TRUE(check_sqlite(copy));
  EXPECT_TRUE(count_sqlite(copy));
  auto tried = try_sqlite(copy, clock_);
  ASSERT_FALSE(tried);
  EXPECT_NE(tried.error().message.find("revoked_tokens"), std::string::npos) << tried.error().message;
}

TEST_F(SqliteBackupTest, WhatIsFineHasAllTables) {
  ASSERT_TRUE(copy_sqlite(live(), place_.file("copy.db")));
  auto tried = try_sqlite(place_.file("copy.db"), clock_);
  ASSERT_TRUE(tried) << tried.error().message;
  EXPECT_EQ(tried->at("users"), 1);
  EXPECT_EQ(tried->at("server_instances"), 0);
}

TEST_F(SqliteBackupTest, AFullDiskIsNamed) {
  const fakes::SmallDisk disk("64k");
  if (!disk.mounted()) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(slug(copy_sqlite(live(), disk.file("copy.db"))), "disk-full");
}

TEST_F(SqliteBackupTest, RestoringNeedsTheDatabaseForItself) {
  const std::string copy = place_.file("copy.db");
  ASSERT_TRUE(copy_sqlite(live(), copy));
  add("bob");
  EXPECT_EQ(slug(restore_sqlite(copy, live())), "state-in-use");
  store_.reset();
  EXPECT_EQ(slug(restore_sqlite(copy, live())), "");
  store_ = *open_store({}, *directory_, clock_);
  EXPECT_EQ(store_->users()->size(), 1u);
  add("eve");
}

TEST_F(SqliteBackupTest, ARestoreThatFailsChangesNothing) {
  place_.write("broken.db", std::string(8192, 'x'));
  store_.reset();
  EXPECT_EQ(slug(restore_sqlite(place_.file("broken.db"), live())), "database-corrupt");
  store_ = *open_store({}, *directory_, clock_);
  EXPECT_EQ(store_->users()->size(), 1u);
}

}  // namespace
}  // namespace gatehouse::state
