// What the state says of disks that are full or may not be written, and of files that another process has.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "fakes/manual_clock.h"
#include "gatehouse/state/copy.h"
#include "gatehouse/state/open.h"
#include "small_disk.h"
#include "store_contract.h"

namespace gatehouse::state {
namespace {

using fakes::SmallDisk;
using fakes::TemporaryDirectory;

constexpr uid_t kNobody = 65534;

void expect_has(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

Settings on(const std::string& file) {
  Settings settings;
  settings.database_url = "sqlite:" + file;
  return settings;
}

class Disk : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << "this user may not mount a file system";
    directory_.emplace(*StateDirectory::open(temporary_.file("state")));
  }
  Result<std::unique_ptr<Store>> open() { return open_store(on(file_), *directory_, clock_); }
  // A database with one user, closed.
  void prepare() {
    const auto store = open();
    ASSERT_TRUE(store) << store.error().message;
    ASSERT_TRUE((*store)->add_user(some_user("before"), change()));
  }

  TemporaryDirectory temporary_;
  SmallDisk disk_;
  std::string file_ = disk_.file("gatehouse.db");
  fakes::ManualClock clock_;
  std::optional<StateDirectory> directory_;
};

TEST_F(Disk, that_is_full_at_start_is_named) {
  prepare();
  disk_.fill();
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "disk-full") << store.error().message;
  expect_has(store.error().message, "cannot write " + disk_.path() + "/");
  expect_has(store.error().message, "No space left");
  expect_has(store.error().help, "make room on the file system of " + disk_.path());
  disk_.make_room();
  EXPECT_EQ((*open())->users()->size(), 1U);
}

// Room for the pid in PATH.lock, none for the shared memory of SQLite: only its extended codes tell.
TEST_F(Disk, that_is_full_but_for_one_page_is_named) {
  prepare();
  disk_.fill();
  const std::string ballast = disk_.file("ballast");
  struct stat info {};
  ASSERT_EQ(::stat(ballast.c_str(), &info), 0);
  ASSERT_EQ(::truncate(ballast.c_str(), info.st_size - 4096), 0);
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "disk-full") << store.error().message;
  expect_has(store.error().message, "database " + file_);
  expect_has(store.error().message, "cannot write " + file_ + "-shm: No space left");
}

TEST_F(Disk, that_is_full_at_the_first_start_names_the_directory) {
  disk_.fill();
  const auto directory = StateDirectory::open(disk_.file("state"));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().slug, "disk-full");
  expect_has(directory.error().message, disk_.file("state"));
  expect_has(directory.error().help, "make room on the file system of " + disk_.path());
}

TEST_F(Disk, that_fills_while_the_store_works_loses_nothing) {
  std::size_t stored = 0;
  {
    const auto store = open();
    ASSERT_TRUE(store);
    disk_.fill();
    std::optional<Error> refused;
    for (int i = 0; i < 1000 && !refused; ++i) {
      const auto added = (*store)->add_user(some_user("u" + std::to_string(i)), change());
      if (added) ++stored;
      else refused = added.error();
    }
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->slug, "disk-full") << refused->message;
    EXPECT_EQ((*store)->users()->size(), stored);
    disk_.make_room();
    EXPECT_TRUE((*store)->add_user(some_user("after"), change()));
  }
  const auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->users()->size(), stored + 1);
  EXPECT_TRUE((*again)->check_integrity());
}

TEST_F(Disk, that_is_read_only_is_named) {
  prepare();
  disk_.make_read_only();
  const auto store = open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "state-unwritable");
  expect_has(store.error().message, "Read-only file system");
  expect_has(store.error().help, "the file system of " + disk_.path() + " is read-only: mount it writable");
}

// Root may write everywhere, so somebody else tries.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (was_ == 0) EXPECT_EQ(::seteuid(kNobody), 0);
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() {
    if (was_ == 0) EXPECT_EQ(::seteuid(0), 0);
  }

 private:
  const uid_t was_ = ::geteuid();
};

TEST(UnwritableState, names_the_directory_that_refuses) {
  TemporaryDirectory temporary;
  if (::geteuid() == 0) ASSERT_EQ(::chown(temporary.path().c_str(), kNobody, kNobody), 0);
  const OrdinaryUser user;
  fakes::ManualClock clock;
  const auto directory = StateDirectory::open(temporary.file("state"));
  ASSERT_TRUE(directory) << directory.error().message;
  const std::string place = temporary.file("place");
  const std::string file = place + "/gatehouse.db";
  ASSERT_EQ(::mkdir(place.c_str(), 0700), 0);
  ASSERT_TRUE(open_store(on(file), *directory, clock));
  ASSERT_EQ(::unlink((file + ".lock").c_str()), 0);
  ASSERT_EQ(::chmod(place.c_str(), 0500), 0);
  const auto store = open_store(on(file), *directory, clock);
  EXPECT_EQ(::chmod(place.c_str(), 0700), 0);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "state-unwritable");
  expect_has(store.error().message, "Permission denied");
  expect_has(store.error().help, place + " must belong to the daemon's user, uid " + std::to_string(::geteuid()));
}

TEST(UnwritableState, names_the_file_that_refuses) {
  TemporaryDirectory temporary;
  if (::geteuid() == 0) ASSERT_EQ(::chown(temporary.path().c_str(), kNobody, kNobody), 0);
  const OrdinaryUser user;
  fakes::ManualClock clock;
  const auto directory = StateDirectory::open(temporary.file("state"));
  ASSERT_TRUE(open_store({}, *directory, clock));
  ASSERT_EQ(::chmod(directory->file("gatehouse.db").c_str(), 0400), 0);
  const auto store = open_store({}, *directory, clock);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "state-unwritable");
  expect_has(store.error().help, directory->file("gatehouse.db") + " must belong to the daemon's user");
}

class SharedFile : public ::testing::Test {
 protected:
  void expect_in_use(const Settings& settings) {
    const auto second = open_store(settings, *other_, clock_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().slug, "state-in-use");
    expect_has(second.error().message, "(pid " + std::to_string(::getpid()) + ", test_state");
  }

  TemporaryDirectory temporary_;
  fakes::ManualClock clock_;
  std::optional<StateDirectory> one_{*StateDirectory::open(temporary_.file("one"))};
  std::optional<StateDirectory> other_{*StateDirectory::open(temporary_.file("other"))};
};

TEST_F(SharedFile, is_for_one_process_and_names_it) {
  const std::string file = temporary_.file("shared.db");
  {
    const auto first = open_store(on(file), *one_, clock_);
    ASSERT_TRUE(first) << first.error().message;
    expect_in_use(on(file));
    ASSERT_EQ(::symlink(file.c_str(), temporary_.file("link.db").c_str()), 0);
    expect_in_use(on(temporary_.file("link.db")));
  }
  EXPECT_TRUE(open_store(on(temporary_.file("link.db")), *other_, clock_));
}

TEST_F(SharedFile, is_not_copied_while_somebody_has_it) {
  const std::string file = temporary_.file("shared.db");
  other_.reset();
  Settings from = on(file);
  Settings to = on(temporary_.file("copy.db"));
  from.directory = to.directory = temporary_.file("other");
  {
    const auto first = open_store(on(file), *one_, clock_);
    ASSERT_TRUE(first);
    const auto copied = copy(from, to, clock_);
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().slug, "state-in-use") << copied.error().message;
  }
  EXPECT_TRUE(copy(from, to, clock_));
  const auto itself = copy(from, on(temporary_.file("./shared.db")), clock_);
  ASSERT_FALSE(itself);
  EXPECT_EQ(itself.error().slug, "same-database");
}

}  // namespace
}  // namespace gatehouse::state
