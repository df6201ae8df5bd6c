#include "write_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "fakes/manual_clock.h"
#include "gatehouse/base/log.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/state/open.h"
#include "small_disk.h"
#include "store_contract.h"

namespace gatehouse::state {
namespace {

using std::chrono::seconds;

class Watching : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
    log::redirect_for_test(writer_.get());
    log::configure({.level = log::Level::kInfo, .format = log::Format::kJson});
  }
  void TearDown() override {
    log::flush();
    log::redirect_for_test(-1);
    log::configure({});
  }
  std::string logged() {
    log::flush();
    std::string text;
    char buffer[65536];
    for (ssize_t got; (got = ::read(reader_.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  static std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

  UniqueFd reader_, writer_;
  fakes::ManualClock clock_;
};

Status full() { return make_error("disk-full", "cannot write /x", "make room"); }

class WriteWatchTest : public Watching {
 protected:
  WriteWatch watch_{"/x/gatehouse.db", clock_};
};

TEST_F(WriteWatchTest, tells_the_first_failure_then_counts_and_tells_the_end) {
  watch_.note({});
  EXPECT_EQ(logged(), "");
  watch_.note(full());
  const std::string first = logged();
  EXPECT_EQ(lines(first), 1);
  EXPECT_NE(first.find(R"("level":"error","module":"state","event":"state.writes.failed")"), std::string::npos) << first;
  EXPECT_NE(first.find(R"("database":"/x/gatehouse.db","slug":"disk-full","error":"cannot write /x","help":"make room","more":0)"),
            std::string::npos) << first;
  for (int i = 0; i < 59; ++i) {
    clock_.advance(seconds(1));
    watch_.note(full());
  }
  EXPECT_EQ(logged(), "");
  clock_.advance(seconds(1));
  watch_.note(full());
  const std::string second = logged();
  EXPECT_EQ(lines(second), 1);
  EXPECT_NE(second.find(R"("more":59)"), std::string::npos) << second;
  watch_.note({});
  const std::string end = logged();
  EXPECT_NE(end.find(R"("event":"state.writes.recovered")"), std::string::npos) << end;
  EXPECT_NE(end.find(R"("slug":"disk-full","failures":61,"duration_ms":60000)"), std::string::npos) << end;
  watch_.note({});
  EXPECT_EQ(logged(), "");
}

TEST_F(WriteWatchTest, remembers_until_a_change_is_stored) {
  EXPECT_EQ(watch_.health().trouble, "");
  watch_.note(full());
  watch_.note(make_error("database-busy", "held"));
  EXPECT_EQ(watch_.health().trouble, "database-busy");
  EXPECT_EQ(watch_.health().failures, 2U);
  EXPECT_EQ(lines(logged()), 2) << "another reason is told at once";
  watch_.note({});
  EXPECT_EQ(watch_.health().trouble, "");
  EXPECT_EQ(watch_.health().failures, 2U);
}

TEST_F(WriteWatchTest, learns_nothing_from_refusals_for_what_was_asked) {
  for (const char* slug : {"conflict", "not-found", "bad-request"}) watch_.note(make_error(slug, "no"));
  EXPECT_EQ(watch_.health().failures, 0U);
  watch_.note(full());
  watch_.note(make_error("conflict", "no"));
  EXPECT_EQ(watch_.health().trouble, "disk-full");
}

using StoreOnSmallDisk = Watching;

TEST_F(StoreOnSmallDisk, watches_every_change_and_finds_out_by_itself_that_there_is_room) {
  const fakes::SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "this user may not mount a file system";
  const auto directory = StateDirectory::open(disk.file("state"));
  const auto store = open_store({}, *directory, clock_);
  ASSERT_TRUE(store) << store.error().message;
  const std::int64_t user = *(*store)->add_user(some_user("bob"), change());
  const std::int64_t key = *(*store)->add_key(some_key(user, 'a'), change());
  disk.fill();
  for (int i = 0; i < 1000 && (*store)->write_health().trouble.empty(); ++i) (void)(*store)->append_audit(change());
  std::uint64_t failures = (*store)->write_health().failures;
  ASSERT_EQ(failures, 1U);
  const std::string long_text(20000, 'x');  // more than any page that may be left
  const Change big{clock_.wall(), "system", "test", "x", long_text};
  EXPECT_FALSE((*store)->put_setting("a", "b", big));
  EXPECT_FALSE((*store)->setting_or_store("c", "d", big));
  EXPECT_FALSE((*store)->revoke_key(key, big));
  EXPECT_EQ((*store)->write_health().failures, failures + 3);
  EXPECT_TRUE((*store)->ping());
  EXPECT_EQ((*store)->keys()->size(), 1U);
  EXPECT_TRUE((*store)->keys()->front().active);
  disk.make_room();
  EXPECT_TRUE((*store)->try_write());
  EXPECT_EQ((*store)->write_health().trouble, "");
  EXPECT_NE(logged().find("state.writes.recovered"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::state
