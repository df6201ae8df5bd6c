// What is taken when, what is looked at, and what a failure leaves behind.
#include "gatehouse/backup/keeper.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "fakes/loop_runner.h"
#include "fakes/manual_clock.h"
#include "gatehouse/backup/sqlite_target.h"
#include "gatehouse/state/open.h"
#include "unit/state/temporary_directory.h"

namespace gatehouse::backup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Writes a file, and says what it is told to say.
class FakeTarget final : public Target {
 public:
  explicit FakeTarget(std::string name) : name_(std::move(name)) {}
  const std::string& name() const override { return name_; }
  Kind kind() const override { return Kind::kSqlite; }
  const std::string& database() const override { return database_; }
  std::string obstacle() const override { return in_the_way; }
  runtime::Task<Result<Tables>> dump(std::string file) override {
    ++dumps;
    std::ofstream(file) << std::string(600, 'x');
    if (fails) co_return make_error("refused", "no");
    co_return tables;
  }
  runtime::Task<Status> check(std::string) override { co_return unreadable ? Status(make_error("unreadable", "torn")) : Status(); }
  runtime::Task<Result<Tables>> drill(std::string) override {
    ++drills;
    co_return restored.value_or(tables);
  }
  runtime::Task<Result<std::string>> restore(std::string, std::string id, Into into) override {
    restores += id + (into == Into::kLive ? " live;" : " scratch;");
    co_return std::string("somewhere");
  }

  std::string in_the_way, restores;
  bool fails = false, unreadable = false;
  int dumps = 0, drills = 0;
  Tables tables{{"jobs", {100, 100}}};
  std::optional<Tables> restored;

 private:
  std::string name_, database_ = "jobs.db";
};

class KeeperTest : public ::testing::Test {
 protected:
  void start(const Settings& settings = {}) {
    keeper_.emplace(Host{runner_.loop, offload_, clock_}, place_.file("backups"), [this] { return targets_; });
    keeper_->begin(settings);
  }
  ~KeeperTest() override {
    if (keeper_) keeper_->stop();
  }
  std::vector<Outcome> ask(Request request) {
    std::optional<std::vector<Outcome>> out;
    keeper_->ask(std::move(request), [&](std::vector<Outcome> outcomes) { out = std::move(outcomes); });
    EXPECT_TRUE(runner_.until([&] { return out.has_value(); }));
    return out.value_or(std::vector<Outcome>());
  }
  static std::string slug(const std::vector<Outcome>& outcomes) {
    if (outcomes.size() != 1) return std::to_string(outcomes.size()) + " outcomes";
    return outcomes[0].error ? outcomes[0].error->slug : "";
  }
  // Everything that is due now is done when an answer comes that was asked for afterwards.
  void let(runtime::Duration pass) {
    clock_.advance(pass);
    for (int turn = 0; turn < 2; ++turn) (void)ask({.what = What::kVerify, .id = "nothing"});
  }
  std::vector<Entry> entries() { return *keeper_->shelf().list(); }

  fakes::TemporaryDirectory place_;
  fakes::ManualClock clock_;  // Monday, 16:00
  fakes::LoopRunner runner_{clock_};
  runtime::OffloadPool offload_{2};
  std::shared_ptr<FakeTarget> jobs_ = std::make_shared<FakeTarget>("jobs");
  std::vector<TargetPtr> targets_{jobs_};
  std::optional<Keeper> keeper_;
};

TEST_F(KeeperTest, WithoutAScheduleNothingIsTaken) {
  start();
  let(48h);
  EXPECT_EQ(jobs_->dumps, 0);
}

TEST_F(KeeperTest, OneWithoutAnyIsDueAtOnceAndThenOnSchedule) {
  start({.schedule = "0 2 * * *"});
  let(0s);
  EXPECT_EQ(jobs_->dumps, 1);
  let(9h);
  EXPECT_EQ(jobs_->dumps, 1);
  let(2h);
  EXPECT_EQ(jobs_->dumps, 2) << "after two in the morning";
  let(72h);
  EXPECT_EQ(jobs_->dumps, 3) << "three were missed, one is made up for";
}

TEST_F(KeeperTest, AnotherDaemonGoesOnWhereTheFirstStopped) {
  start({.schedule = "0 2 * * *"});
  let(0s);
  keeper_->stop();
  start({.schedule = "0 2 * * *"});
  let(1h);
  EXPECT_EQ(jobs_->dumps, 1);
  EXPECT_EQ(keeper_->view().at("jobs").bytes, 600u);
  let(24h);
  EXPECT_EQ(jobs_->dumps, 2);
}

TEST_F(KeeperTest, WhatIsNotReadyIsWaitedFor) {
  jobs_->in_the_way = "it is starting";
  start({.schedule = "0 2 * * *"});
  let(0s);
  EXPECT_EQ(jobs_->dumps, 0);
  jobs_->in_the_way.clear();
  let(31s);
  EXPECT_EQ(jobs_->dumps, 1);
}

TEST_F(KeeperTest, AFailureLeavesWhatThereWasAndIsTriedAgainInAnHour) {
  start({.schedule = "0 2 * * *"});
  let(0s);
  jobs_->fails = true;
  let(24h);
  EXPECT_EQ(jobs_->dumps, 2);
  EXPECT_EQ(entries().size(), 1u);
  EXPECT_EQ(std::distance(fs::directory_iterator(keeper_->shelf().directory()), {}), 2) << "no part is left";
  let(30min);
  EXPECT_EQ(jobs_->dumps, 2);
  jobs_->fails = false;
  let(31min);
  EXPECT_EQ(jobs_->dumps, 3);
  EXPECT_EQ(entries().size(), 2u);
  EXPECT_EQ(keeper_->view().at("jobs").failures, 1u);
}

TEST_F(KeeperTest, ACopyThatCannotBeReadIsNotKept) {
  jobs_->unreadable = true;
  start();
  EXPECT_EQ(slug(ask({})), "unreadable");
  EXPECT_TRUE(entries().empty());
}

TEST_F(KeeperTest, OldOnesGoAfterEachGoodOne) {
  start({.retention = {.daily = 2, .max_age = std::chrono::hours(48)}});
  for (int day = 0; day < 6; ++day) {
    EXPECT_EQ(slug(ask({})), "");
    clock_.advance(24h);
  }
  EXPECT_EQ(entries().size(), 2u);
}

TEST_F(KeeperTest, OnlyWhatWasNamed) {
  targets_.push_back(std::make_shared<FakeTarget>("other"));
  start();
  EXPECT_EQ(ask({}).size(), 2u);
  EXPECT_EQ(slug(ask({.name = "jobs"})), "");
  EXPECT_EQ(slug(ask({.name = "nobody"})), "unknown-target");
  EXPECT_EQ(jobs_->dumps, 2);
}

TEST_F(KeeperTest, OneByteThatChangedFailsVerifyAndIsRemembered) {
  start();
  const std::string id = ask({}).at(0).id;
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = id})), "");
  EXPECT_TRUE(entries()[0].good());
  std::fstream(keeper_->shelf().file_of(entries()[0]), std::ios::in | std::ios::out | std::ios::binary).seekp(300).put('y');
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = id})), "backup-damaged");
  EXPECT_FALSE(entries()[0].good());
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "backup-damaged");
  EXPECT_EQ(slug(ask({.what = What::kRestore, .id = id})), "backup-damaged");
  EXPECT_EQ(jobs_->drills, 0);
  EXPECT_EQ(jobs_->restores, "");
}

TEST_F(KeeperTest, ADrillMissesTablesAndRows) {
  start();
  ASSERT_EQ(slug(ask({})), "");
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "");
  EXPECT_TRUE(keeper_->view().at("jobs").last_drill);
  jobs_->restored = Tables{{"jobs", {99, 99}}};
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "backup-incomplete");
  jobs_->restored = Tables{{"people", {1, 1}}};
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "backup-incomplete");
  EXPECT_FALSE(entries()[0].good());
}

TEST_F(KeeperTest, ATableThatWasInTheBackupBeforeIsMissed) {
  start();
  ASSERT_EQ(slug(ask({})), "");
  jobs_->tables = {{"people", {1, 1}}};  // dropped before the dump: the dump itself is fine
  clock_.advance(1h);
  ASSERT_EQ(slug(ask({})), "");
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = entries()[1].id})), "");
  const auto outcomes = ask({.what = What::kDrill});
  ASSERT_TRUE(outcomes.at(0).error);
  EXPECT_NE(outcomes[0].error->message.find("the table jobs, which is in the backup before"), std::string::npos) << outcomes[0].error->message;
  clock_.advance(1h);
  ASSERT_EQ(slug(ask({})), "");
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "") << "it was told once; perhaps it was meant";
}

TEST_F(KeeperTest, DrillsHaveTheirOwnSchedule) {
  start({.drill = "0 4 * * sun"});
  ASSERT_EQ(slug(ask({})), "");
  let(1h);
  EXPECT_EQ(jobs_->drills, 0);
  let(7 * 24h);
  EXPECT_EQ(jobs_->drills, 1);
  let(1h);
  EXPECT_EQ(jobs_->drills, 1);
}

TEST_F(KeeperTest, WhatIsInUseIsOverwrittenByNameOnlyAndSavedFirst) {
  start();
  const std::string id = ask({}).at(0).id;
  EXPECT_EQ(slug(ask({.what = What::kRestore, .id = id, .into = Into::kLive})), "not-confirmed");
  EXPECT_EQ(jobs_->restores, "");
  clock_.advance(1s);
  const auto outcomes = ask({.what = What::kRestore, .id = id, .into = Into::kLive, .confirm = "jobs.db"});
  EXPECT_EQ(slug(outcomes), "");
  EXPECT_EQ(jobs_->restores, id + " live;");
  EXPECT_EQ(entries().size(), 2u);
  EXPECT_EQ(entries()[1].id, outcomes[0].safety);
  EXPECT_TRUE(entries()[1].safety);
  jobs_->fails = true;
  EXPECT_EQ(slug(ask({.what = What::kRestore, .id = id, .into = Into::kLive, .confirm = "jobs.db"})), "refused");
  EXPECT_EQ(jobs_->restores, id + " live;") << "nothing is restored over what could not be saved";
}

TEST_F(KeeperTest, WhatIsNoTargetAnyMoreIsNotCalledDamaged) {
  start();
  const std::string id = ask({}).at(0).id;
  targets_.clear();
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = id})), "unknown-target");
  EXPECT_TRUE(entries()[0].good());
}

TEST_F(KeeperTest, SomebodyElsesWorkIsNotDisturbed) {
  start();
  const auto lock = keeper_->shelf().lock();
  EXPECT_EQ(slug(ask({})), "backup-busy");
}

class SqliteKeeperTest : public KeeperTest {
 protected:
  SqliteKeeperTest() {
    directory_.emplace(*state::StateDirectory::open(place_.file("state")));
    store_ = *state::open_store({}, *directory_, clock_);
    targets_ = {sqlite_target({runner_.loop, offload_, clock_}, "state", live(), place_.file("scratch"))};
    start();
  }
  std::string live() const { return directory_->file("gatehouse.db"); }
  void set(const std::string& value) {
    EXPECT_TRUE(store_->put_setting("word", value, {.at = clock_.wall(), .actor = "system", .action = "x", .subject = "x", .detail = {}}));
  }
  std::string get() { return store_->setting("word")->value_or(""); }

  std::optional<state::StateDirectory> directory_;
  std::unique_ptr<state::Store> store_;
};

TEST_F(SqliteKeeperTest, TheStateGoesOutAndComesBack) {
  set("before");
  const auto taken = ask({});
  ASSERT_EQ(slug(taken), "") << taken[0].error->message;
  set("after");
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = taken[0].id})), "");
  EXPECT_EQ(slug(ask({.what = What::kDrill})), "");
  EXPECT_EQ(std::distance(fs::directory_iterator(keeper_->shelf().directory()), {}), 2) << "the drill left nothing";
  const auto scratch = ask({.what = What::kRestore, .id = taken[0].id});
  ASSERT_EQ(slug(scratch), "");
  EXPECT_EQ(scratch[0].place, place_.file("scratch/") + taken[0].id + ".db");
  const Request request{.what = What::kRestore, .id = taken[0].id, .into = Into::kLive, .confirm = "gatehouse.db"};
  EXPECT_EQ(slug(ask(request)), "state-in-use");
  EXPECT_EQ(get(), "after");
  store_.reset();
  EXPECT_EQ(slug(ask(request)), "");
  store_ = *state::open_store({}, *directory_, clock_);
  EXPECT_EQ(get(), "before");
}

TEST_F(SqliteKeeperTest, ATableDroppedBeforeTheCopyFailsTheDrillAndNotTheVerify) {
  sqlite3* db = nullptr;
  sqlite3_open(live().c_str(), &db);
  ASSERT_EQ(sqlite3_exec(db, "DROP TABLE revoked_tokens", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto taken = ask({});
  ASSERT_EQ(slug(taken), "");
  EXPECT_EQ(slug(ask({.what = What::kVerify, .id = taken[0].id})), "");
  const auto drilled = ask({.what = What::kDrill});
  ASSERT_TRUE(drilled.at(0).error);
  EXPECT_NE(drilled[0].error->message.find("revoked_tokens"), std::string::npos) << drilled[0].error->message;
}

}  // namespace
}  // namespace gatehouse::backup
