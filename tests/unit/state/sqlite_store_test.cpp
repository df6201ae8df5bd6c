#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "fakes/manual_clock.h"
#include "gatehouse/state/open.h"
#include "store_contract.h"
#include "temporary_directory.h"

namespace gatehouse::state {
namespace {

namespace fs = std::filesystem;
using fakes::TemporaryDirectory;

class SqliteHarness {
 public:
  SqliteHarness() { reopen(); }
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    if (!directory_) directory_.emplace(*StateDirectory::open(temporary_.file("state")));
    auto opened = open_store({}, *directory_, clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }
  void close() { store_.reset(); }
  std::string database() const { return directory_->file("gatehouse.db"); }
  Result<std::unique_ptr<Store>> open_again() { return open_store({}, *directory_, clock_); }
  const TemporaryDirectory& temporary() const { return temporary_; }
  const StateDirectory& directory() const { return *directory_; }
  runtime::Clock& clock() { return clock_; }

 private:
  TemporaryDirectory temporary_;
  fakes::ManualClock clock_;
  std::optional<StateDirectory> directory_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreContract, SqliteHarness);

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

// Runs SQL behind the store's back; returns SQLite's code.
int run_sql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  sqlite3_open(path.c_str(), &db);
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  sqlite3_close(db);
  return code;
}

TEST(SqliteStore, keeps_its_files_from_other_users) {
  SqliteHarness harness;
  ASSERT_TRUE(harness.store().append_audit(change()));
  EXPECT_EQ(mode_of(harness.directory().path()), 0700U);
  for (const char* file : {"gatehouse.db", "gatehouse.db-wal", "gatehouse.db-shm", "gatehouse.lock"}) {
    EXPECT_EQ(mode_of(harness.directory().file(file)), 0600U) << file;
  }
}

TEST(SqliteStore, closes_a_database_that_was_open_to_others) {
  SqliteHarness harness;
  harness.close();
  ASSERT_EQ(::chmod(harness.database().c_str(), 0644), 0);
  ASSERT_TRUE(harness.open_again());
  EXPECT_EQ(mode_of(harness.database()), 0600U);
}

// What a kill -9 or a power cut leaves: the files as they are at that moment, no orderly close.
TEST(SqliteStore, loses_nothing_acknowledged_when_the_process_dies) {
  SqliteHarness harness;
  TemporaryDirectory after;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(harness.store().add_user(some_user("u" + std::to_string(i)), change()));
  const auto directory = StateDirectory::open(after.file("state"));
  for (const char* name : {"gatehouse.db", "gatehouse.db-wal"}) {
    fs::copy_file(harness.directory().file(name), directory->file(name));
  }
  const auto store = open_store({}, *directory, harness.clock());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->users()->size(), 20U);
  EXPECT_EQ((*store)->audit(0, 1000)->size(), 20U);
  EXPECT_TRUE((*store)->check_integrity());
}

TEST(SqliteStore, drops_only_the_transaction_that_was_half_written) {
  SqliteHarness harness;
  TemporaryDirectory after;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(harness.store().add_user(some_user("u" + std::to_string(i)), change()));
  const auto directory = StateDirectory::open(after.file("state"));
  for (const char* name : {"gatehouse.db", "gatehouse.db-wal"}) {
    fs::copy_file(harness.directory().file(name), directory->file(name));
  }
  const std::string wal = directory->file("gatehouse.db-wal");
  fs::resize_file(wal, fs::file_size(wal) - 100);
  const auto store = open_store({}, *directory, harness.clock());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->users()->size(), 4U);
  EXPECT_EQ((*store)->audit(0, 1000)->size(), 4U);
  EXPECT_TRUE((*store)->check_integrity());
}

// A file size limit stands for a full disk: writes fail in the middle.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &old_), 0);
    const rlimit limit{bytes, old_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  sighandler_t old_handler_;
};

TEST(SqliteStore, says_disk_full_changes_nothing_and_recovers) {
  SqliteHarness harness;
  ASSERT_TRUE(harness.store().add_user(some_user("before"), change()));
  std::size_t stored = 1;
  std::string slug;
  {
    const FileSizeLimit limit(fs::file_size(harness.database() + "-wal") + 40000);
    for (int i = 0; i < 100 && slug.empty(); ++i) {
      const auto added = harness.store().add_user(some_user("u" + std::to_string(i)), change());
      if (added) ++stored;
      else slug = added.error().slug;
    }
  }
  EXPECT_EQ(slug, "disk-full");
  EXPECT_EQ(harness.store().users()->size(), stored);
  EXPECT_EQ(harness.store().audit(0, 1000)->size(), stored);
  EXPECT_TRUE(harness.store().add_user(some_user("after"), change()));
  harness.reopen();
  EXPECT_EQ(harness.store().users()->size(), stored + 1);
  EXPECT_TRUE(harness.store().check_integrity());
}

TEST(SqliteStore, names_a_file_that_is_no_database) {
  SqliteHarness harness;
  harness.close();
  std::ofstream(harness.database(), std::ios::binary) << std::string(8192, 'x');
  const auto store = harness.open_again();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-corrupt");
  EXPECT_NE(store.error().message.find(harness.database()), std::string::npos);
  EXPECT_NE(store.error().help.find("restore a backup"), std::string::npos);
}

TEST(SqliteStore, finds_damaged_pages_at_start) {
  SqliteHarness harness;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(harness.store().add_user(some_user("u" + std::to_string(i)), change()));
  harness.close();
  {
    std::fstream file(harness.database(), std::ios::binary | std::ios::in | std::ios::out);
    for (std::size_t page = 2; page * 4096 < fs::file_size(harness.database()); ++page) {
      file.seekp(static_cast<std::streamoff>(page * 4096));
      file << std::string(64, '\xa5');
    }
  }
  const auto store = harness.open_again();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-corrupt");
}

TEST(SqliteStore, brings_the_first_schema_up_to_date_and_keeps_its_rows) {
  SqliteHarness harness;
  ASSERT_TRUE(harness.store().put_template({"demo", "", "random", at(1), at(1)}, change()));
  ASSERT_TRUE(harness.store().add_instance(some_instance("i"), change()));
  harness.close();
  ASSERT_EQ(run_sql(harness.database(), "ALTER TABLE server_instances DROP COLUMN namespace; DELETE FROM schema_migrations WHERE version > 1"),
            SQLITE_OK);
  harness.reopen();
  const auto row = harness.store().instance("i");
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->name_space, "");
  EXPECT_EQ(row->command, some_instance("i").command);
}

TEST(SqliteStore, refuses_a_schema_of_a_later_version_and_does_not_touch_it) {
  SqliteHarness harness;
  harness.close();
  const std::string sql = "INSERT INTO schema_migrations VALUES (" + std::to_string(schema_version() + 1) + ", 'later', 0)";
  ASSERT_EQ(run_sql(harness.database(), sql.c_str()), SQLITE_OK);
  const auto before = fs::last_write_time(harness.database());
  const auto store = harness.open_again();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "schema-newer");
  EXPECT_NE(store.error().message.find("knows up to " + std::to_string(schema_version())), std::string::npos);
  EXPECT_EQ(fs::last_write_time(harness.database()), before);
}

TEST(SqliteStore, refuses_the_database_of_another_program) {
  TemporaryDirectory temporary;
  fakes::ManualClock clock;
  const auto directory = StateDirectory::open(temporary.file("state"));
  ASSERT_EQ(run_sql(temporary.file("other.db"), "CREATE TABLE bookmarks (url TEXT)"), SQLITE_OK);
  Settings settings;
  settings.database_url = "sqlite:" + temporary.file("other.db");
  const mode_t mode = mode_of(temporary.file("other.db"));
  const auto store = open_store(settings, *directory, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-foreign");
  EXPECT_EQ(mode_of(temporary.file("other.db")), mode);
}

TEST(SqliteStore, keeps_the_audit_append_only_inside_the_database) {
  SqliteHarness harness;
  ASSERT_TRUE(harness.store().append_audit(change()));
  harness.close();
  EXPECT_EQ(run_sql(harness.database(), "UPDATE audit SET actor = 'somebody else'"), SQLITE_CONSTRAINT);
  EXPECT_EQ(run_sql(harness.database(), "DELETE FROM audit"), SQLITE_CONSTRAINT);
  harness.reopen();
  EXPECT_EQ(harness.store().audit(0, 10)->front().change.actor, "user:tester");
}

TEST(SqliteStore, finishes_a_first_start_that_was_cut_off) {
  TemporaryDirectory temporary;
  fakes::ManualClock clock;
  const auto directory = StateDirectory::open(temporary.file("state"));
  ASSERT_EQ(run_sql(directory->file("gatehouse.db"),
                    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER "
                    "NOT NULL) STRICT"),
            SQLITE_OK);
  const auto store = open_store({}, *directory, clock);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->users()->empty());
}

TEST(SqliteStore, says_which_path_cannot_be_written) {
  TemporaryDirectory temporary;
  fakes::ManualClock clock;
  const auto directory = StateDirectory::open(temporary.file("state"));
  Settings settings;
  settings.database_url = "sqlite:missing/gatehouse.db";
  const auto store = open_store(settings, *directory, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "state-unwritable");
  EXPECT_NE(store.error().message.find("missing/gatehouse.db"), std::string::npos);
}

TEST(DatabaseUrl, finds_the_file) {
  struct Case {
    const char* url;
    const char* path;
  };
  for (const Case& c : {Case{"", "/d/gatehouse.db"}, Case{"sqlite:x.db", "/d/x.db"}, Case{"sqlite:/srv/x.db", "/srv/x.db"},
                        Case{"sqlite:///x/y.db", "/d/x/y.db"}, Case{"sqlite:////srv/x.db", "/srv/x.db"}}) {
    const auto path = database_path({"", c.url}, "/d");
    ASSERT_TRUE(path) << c.url;
    EXPECT_EQ(*path, c.path) << c.url;
  }
}

TEST(DatabaseUrl, refuses_others_without_repeating_the_password) {
  for (const char* url : {"postgresql://bob:hunter2@db/x", "mysql://bob:hunter2@db/x", "hunter2", "sqlite:", "sqlite://",
                          "sqlite://hunter2/x"}) {
    const auto path = database_path({"", url}, "/d");
    ASSERT_FALSE(path) << url;
    EXPECT_EQ(path.error().slug, "database-unsupported");
    EXPECT_EQ(path.error().message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace gatehouse::state
