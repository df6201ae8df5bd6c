#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "gatehouse/state/open.h"
#include "temporary_directory.h"

namespace gatehouse::state {
namespace {

using fakes::TemporaryDirectory;

mode_t mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

TEST(StateDirectory, is_made_private_with_its_parents) {
  TemporaryDirectory temporary;
  const auto directory = StateDirectory::open(temporary.file("a/b/state/"));
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_EQ(directory->path(), temporary.file("a/b/state"));
  EXPECT_EQ(mode_of(directory->path()), 0700U);
}

TEST(StateDirectory, is_for_one_daemon_and_names_its_pid) {
  TemporaryDirectory temporary;
  std::optional<StateDirectory> first = *StateDirectory::open(temporary.file("state"));
  const auto second = StateDirectory::open(temporary.file("state"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().slug, "state-in-use");
  EXPECT_NE(second.error().message.find("(pid " + std::to_string(::getpid()) + ", test_state"), std::string::npos);
  first.reset();
  EXPECT_TRUE(StateDirectory::open(temporary.file("state")));
}

TEST(StateDirectory, survives_a_lock_file_full_of_rubbish) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(StateDirectory::open(temporary.file("state")));
  const std::string name = temporary.file("state/gatehouse.lock");
  std::ofstream(name) << "not a pid at all, and much longer than one could be";
  const int fd = ::open(name.c_str(), O_RDWR);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  const auto refused = StateDirectory::open(temporary.file("state"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().slug, "state-in-use");
  EXPECT_EQ(refused.error().message.find("pid"), std::string::npos);
  ::close(fd);
  EXPECT_TRUE(StateDirectory::open(temporary.file("state")));
}

TEST(StateDirectory, closes_itself_to_others_when_it_is_evidently_ours) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(StateDirectory::open(temporary.file("state")));
  ASSERT_EQ(::chmod(temporary.file("state").c_str(), 0755), 0);
  ASSERT_TRUE(StateDirectory::open(temporary.file("state")));
  EXPECT_EQ(mode_of(temporary.file("state")), 0700U);
}

TEST(StateDirectory, does_not_close_a_directory_that_others_use) {
  TemporaryDirectory temporary;
  temporary.write("somebody.txt", "hello");
  ASSERT_EQ(::chmod(temporary.path().c_str(), 0755), 0);
  const auto refused = StateDirectory::open(temporary.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().slug, "state-insecure");
  EXPECT_NE(refused.error().help.find("chmod 700 " + temporary.path()), std::string::npos);
  EXPECT_EQ(mode_of(temporary.path()), 0755U);
}

TEST(StateDirectory, says_what_cannot_be_used) {
  TemporaryDirectory temporary;
  temporary.write("file", "");
  for (const std::string& path : {temporary.file("file"), temporary.file("file/below"), std::string("/proc/gatehouse"),
                                  std::string()}) {
    const auto refused = StateDirectory::open(path);
    ASSERT_FALSE(refused) << path;
    EXPECT_EQ(refused.error().slug, "state-unwritable") << path;
  }
}

TEST(StateDirectory, does_not_follow_a_link_in_place_of_its_lock) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(StateDirectory::open(temporary.file("state")));
  ASSERT_EQ(::unlink(temporary.file("state/gatehouse.lock").c_str()), 0);
  temporary.write("precious", "keep me");
  ASSERT_EQ(::symlink(temporary.file("precious").c_str(), temporary.file("state/gatehouse.lock").c_str()), 0);
  EXPECT_FALSE(StateDirectory::open(temporary.file("state")));
  std::string text;
  std::ifstream(temporary.file("precious")) >> text;
  EXPECT_EQ(text, "keep");
}

}  // namespace
}  // namespace gatehouse::state
