// What the programs of PostgreSQL are asked, and what their ends mean.
#include "gatehouse/backup/postgres_target.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fakes/loop_runner.h"
#include "unit/state/temporary_directory.h"

namespace gatehouse::backup {
namespace {

struct Script {
  std::map<std::string, Ran> programs;  // by name
  std::string asked, read;
};

class FakeTools final : public Tools {
 public:
  explicit FakeTools(Script& script) : script_(script) {}
  runtime::Task<Result<Ran>> run(std::vector<std::string> argv, Pieces in, Sink out) override {
    script_.asked += argv.front() + ";";
    while (in) {
      auto reading = in();
      auto piece = co_await reading;
      if (!piece) co_return std::move(piece).error();
      if (piece->empty()) break;
      if (argv.front() == "pg_restore") script_.read += *piece;
    }
    Ran ran = script_.programs[argv.front()];
    if (out) {
      auto writing = out(std::exchange(ran.output, {}));
      if (Status written = co_await writing; !written) co_return std::move(written).error();
    }
    co_return ran;
  }

 private:
  Script& script_;
};

class FakeScratch final : public Scratch {
 public:
  FakeScratch(Script& script, bool works, int& destroyed) : script_(script), works_(works), destroyed_(destroyed) {}
  runtime::Task<Result<ToolsPtr>> make() override {
    if (!works_) co_return make_error("podman-refused", "no room");
    co_return ToolsPtr(std::make_shared<FakeTools>(script_));
  }
  runtime::Task<void> destroy() override {
    ++destroyed_;
    co_return;
  }

 private:
  Script& script_;
  bool works_;
  int& destroyed_;
};

class PostgresTargetTest : public ::testing::Test {
 protected:
  PostgresTargetTest() {
    live_.programs["pg_dump"].output = "PGDMP and more";
    live_.programs["psql"].output = "public.jobs\t3\npublic.a\tb\t1\n";
    elsewhere_.programs["psql"].output = "public.jobs\t3\n";
  }
  std::string file() const { return place_.file("x.dump"); }

  fakes::TemporaryDirectory place_;
  fakes::LoopRunner runner_;
  runtime::OffloadPool offload_{1};
  Script live_, elsewhere_;
  bool scratch_works_ = true;
  int destroyed_ = 0;
  TargetPtr target_ = postgres_target({runner_.loop, offload_, runtime::system_clock()},
                                      {.name = "postgres", .database = "jobs", .user = "ada", .obstacle = [] { return std::string(); },
                                       .tools = [this]() -> ToolsPtr { return std::make_shared<FakeTools>(live_); },
                                       .scratch = [this]() -> std::unique_ptr<Scratch> {
                                         return std::make_unique<FakeScratch>(elsewhere_, scratch_works_, destroyed_);
                                       }});
};

TEST_F(PostgresTargetTest, ADumpIsWhatTheProgramWrites) {
  const auto dumped = runner_.run(target_->dump(file()));
  ASSERT_TRUE(dumped) << dumped.error().message;
  EXPECT_EQ(dumped->at("public.jobs").most, 3);
  EXPECT_EQ(dumped->at("public.a\tb").most, 1) << "a name may hold a tab";
  EXPECT_EQ(live_.asked, "psql;pg_dump;psql;");
  EXPECT_EQ(std::filesystem::file_size(file()), 14u);
}

TEST_F(PostgresTargetTest, TheCodeOfTheProgramDecidesAndNotWhatItWrote) {
  live_.programs["pg_dump"].code = 1;
  live_.programs["pg_dump"].errors = "pg_dump: error: out of luck\nmore";
  const auto dumped = runner_.run(target_->dump(file()));
  ASSERT_FALSE(dumped);
  EXPECT_EQ(dumped.error().slug, "program-failed");
  EXPECT_EQ(dumped.error().message, "pg_dump ended with code 1: pg_dump: error: out of luck");
}

TEST_F(PostgresTargetTest, AProgramThatIsNotThereIsNamed) {
  live_.programs["pg_dump"].code = 127;
  EXPECT_EQ(runner_.run(target_->dump(file())).error().slug, "no-such-program");
  live_.programs["pg_restore"].code = 127;
  std::ofstream(file()) << "x";
  EXPECT_EQ(runner_.run(target_->check(file())).error().slug, "no-such-program");
}

TEST_F(PostgresTargetTest, ACheckGivesTheWholeFileToTheProgram) {
  std::ofstream(file()) << std::string(600'000, 'x');
  EXPECT_TRUE(runner_.run(target_->check(file())));
  EXPECT_EQ(live_.read.size(), 600'000u);
  live_.programs["pg_restore"].code = 1;
  EXPECT_FALSE(runner_.run(target_->check(file())));
}

TEST_F(PostgresTargetTest, ADrillWorksElsewhereAndLeavesNothing) {
  std::ofstream(file()) << "PGDMP";
  const auto drilled = runner_.run(target_->drill(file()));
  ASSERT_TRUE(drilled) << drilled.error().message;
  EXPECT_EQ(drilled->size(), 1u);
  EXPECT_EQ(live_.asked, "") << "nothing is done to what is in use";
  EXPECT_EQ(elsewhere_.asked, "pg_restore;pg_amcheck;psql;");
  EXPECT_EQ(elsewhere_.read, "PGDMP");
  elsewhere_.programs["pg_amcheck"].code = 127;
  EXPECT_TRUE(runner_.run(target_->drill(file()))) << "an image may lack it";
  elsewhere_.programs["pg_amcheck"].code = 2;
  EXPECT_FALSE(runner_.run(target_->drill(file())));
  elsewhere_.programs["pg_restore"].code = 1;
  EXPECT_FALSE(runner_.run(target_->drill(file())));
  EXPECT_EQ(destroyed_, 4);
}

TEST_F(PostgresTargetTest, WhatWasHalfMadeForADrillIsRemoved) {
  scratch_works_ = false;
  EXPECT_EQ(runner_.run(target_->drill(file())).error().slug, "target-not-ready") << "that says nothing about the backup";
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(PostgresTargetTest, ARestoreThatFailsDropsWhatItMade) {
  std::ofstream(file()) << "PGDMP";
  EXPECT_EQ(*runner_.run(target_->restore(file(), "postgres-20261126T020000Z-2", Into::kScratch)), "jobs_20261126T020000Z_2");
  EXPECT_EQ(live_.asked, "createdb;pg_restore;");
  live_.asked.clear();
  live_.programs["pg_restore"].code = 1;
  EXPECT_FALSE(runner_.run(target_->restore(file(), "postgres-20261126T020000Z", Into::kLive)));
  EXPECT_EQ(live_.asked, "createdb;pg_restore;dropdb;") << "and the live one keeps its name";
}

}  // namespace
}  // namespace gatehouse::backup
