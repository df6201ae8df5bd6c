// From declared to running, and back to it (R1 to R9).
#include <gtest/gtest.h>

#include "rig.h"

namespace gatehouse::supervisor {
namespace {

using namespace std::chrono_literals;
using services::Condition;
using services::Status;

const std::vector<services::ServiceSettings> kGateway = {services::default_service("postgres", services::Limits::kOn),
                                                         services::default_service("redis", services::Limits::kOn)};

TEST(SupervisorReconcile, EverythingIsMadeAndStarted) {
  Rig rig(kGateway);
  EXPECT_EQ(rig.state("postgres"), "unknown");
  EXPECT_FALSE(rig.supervisor->ready());
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.world.violations(), std::vector<std::string>{});
  EXPECT_EQ(rig.state("postgres"), "running");
  EXPECT_EQ(rig.state("redis"), "running");
  EXPECT_TRUE(rig.supervisor->ready());
  EXPECT_TRUE(rig.status("redis").serves);
  EXPECT_EQ(rig.status("redis").container, "mcp-redis-1-1");
  EXPECT_TRUE(rig.status("redis").address.starts_with("10.89.0."));
  EXPECT_EQ(rig.world.networks.count("mcp_platform_network"), 1u);
  EXPECT_EQ(rig.world.volumes, (std::set<std::string, std::less<>>{"mcp_gateway_postgres_data", "mcp_gateway_redis_data"}));
  EXPECT_FALSE(rig.supervisor->plan().changes());
}

TEST(SupervisorReconcile, WhatIsAsDeclaredIsNotTouched) {  // R4
  Rig rig(kGateway);
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  const int before = rig.world.count();
  ASSERT_TRUE(rig.run(1000s));
  EXPECT_EQ(rig.writes(), "");
  EXPECT_LE(rig.world.count() - before, 101) << "one look at everything each ten seconds, and nothing else";
}

TEST(SupervisorReconcile, ANewDaemonAdoptsWhatRuns) {  // R1
  Rig rig(kGateway);
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  const auto before = rig.world.running("postgres")->pid;
  rig.pass(100s);
  rig.restart_daemon();
  rig.run_now();
  EXPECT_TRUE(rig.supervisor->ready()) << "at once, without waiting for anything";
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.writes(), "");
  EXPECT_EQ(rig.world.running("postgres")->pid, before);
}

TEST(SupervisorReconcile, AContainerRemovedByHandComesBack) {  // R3
  Rig rig({plain("worker")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  for (int i = 0; i < 2; ++i) {
    rig.world.containers.clear();
    rig.handle(Changed{"worker"});
    rig.run_now();
    EXPECT_EQ(rig.writes(), "create worker, start worker");
  }
  rig.world.containers.clear();  // without a word
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "create worker, start worker");
  EXPECT_EQ(rig.world.containers.size(), 1u);
}

TEST(SupervisorReconcile, AChangedFieldReplacesThatServiceOnly) {  // R4
  Rig rig({plain("a"), plain("b")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services[0].environment["MODE"] = "slow";
  rig.handle(Declared{rig.settings});
  EXPECT_TRUE(rig.supervisor->plan().changes());
  rig.run_now();
  EXPECT_EQ(rig.writes(), "create a, stop a, start a, remove a");
  EXPECT_EQ(rig.world.running("a")->name, "mcp-a-2-1");
  EXPECT_EQ(rig.world.running("b")->name, "mcp-b-1-1");
  EXPECT_EQ(rig.status("a").restarts, 0);
}

TEST(SupervisorReconcile, WhatCannotBeMadeCostsNothing) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services[0].image = "localhost/a:2";
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.writes(), "");
  ASSERT_NE(rig.world.running("a"), nullptr);
  EXPECT_EQ(rig.status("a").why, "manifest unknown");
  rig.world.registry["localhost/a:2"] = "sha256:2";
  ASSERT_TRUE(rig.run(70s));
  EXPECT_EQ(rig.writes(), "pull localhost/a:2, create a, stop a, start a, remove a");
}

TEST(SupervisorReconcile, LimitsAreChangedInPlace) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services[0].resources.memory = 1 << 30;
  rig.handle(Declared{rig.settings});
  rig.run_now();
  EXPECT_EQ(rig.writes(), "update a");
  EXPECT_EQ(rig.world.running("a")->limits->memory, 1 << 30);
}

TEST(SupervisorReconcile, DriftIsRepaired) {  // R5
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  services::Container& a = rig.world.containers.begin()->second;
  a.limits->memory = 4096;
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "update a");
  a.networks.clear();
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "connect a");
  a.networks["podman"] = "10.88.0.2";
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "disconnect a");
  a.status = Status::kPaused;
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "unpause a");
  a.name = "renamed";
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.writes(), "");
  EXPECT_TRUE(rig.supervisor->plan().changes()) << "told, not repaired";
}

TEST(SupervisorReconcile, AVanishedNetworkIsMadeAgain) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.world.networks.erase("mcp_platform_network");
  rig.world.containers.begin()->second.networks.clear();
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "network mcp_platform_network, connect a");
}

// Q4, Q5: a limit that the engine accepts and does not enforce is tried again, less and less often.
TEST(SupervisorReconcile, ARepairWithoutEffectIsNoBusyLoop) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.world.updates_work = false;
  rig.settings.services[0].resources.memory = 1 << 30;
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(600s));
  const std::size_t updates = rig.world.writes().size() - rig.position("update a");
  EXPECT_GT(updates, 5u);
  EXPECT_LT(updates, 40u);
  EXPECT_EQ(rig.status("a").why, "Podman says that it is done, but it is not");
  rig.world.updates_work = true;
  ASSERT_TRUE(rig.run(70s));
  EXPECT_FALSE(rig.supervisor->plan().changes());
  EXPECT_EQ(rig.status("a").why, "");
}

TEST(SupervisorReconcile, WhatIsNotDeclaredAnyMoreGoes) {
  Rig rig({plain("a"), plain("b")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services.pop_back();
  rig.handle(Declared{rig.settings});
  rig.run_now();
  EXPECT_EQ(rig.writes(), "stop b, remove b");
  EXPECT_FALSE(rig.supervisor->has("b"));
  EXPECT_EQ(rig.supervisor->status(rig.now()).size(), 1u);
}

TEST(SupervisorReconcile, LeftOversOfAnEarlierDaemonGo) {
  Rig rig({plain("a"), plain("b")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services.pop_back();
  rig.restart_daemon();
  rig.run_now();
  EXPECT_EQ(rig.writes(), "stop b, remove b");
}

TEST(SupervisorReconcile, StrangersAreNotTouched) {  // R7
  Rig rig({plain("a")});
  services::Container stranger;
  stranger.id = "s1";
  stranger.name = "mcp-a-1-1";  // the very name that we want
  stranger.status = Status::kRunning;
  rig.world.containers["s1"] = stranger;
  ASSERT_TRUE(rig.run(30s));
  EXPECT_EQ(rig.world.containers.at("s1").status, Status::kRunning);
  ASSERT_NE(rig.world.running("a"), nullptr);
  EXPECT_EQ(rig.world.running("a")->name, "mcp-a-2-1");
  EXPECT_EQ(rig.world.violations(), std::vector<std::string>{});
}

TEST(SupervisorReconcile, TwoDaemonsDoNotFight) {  // R7
  Rig first({plain("a")});
  ASSERT_TRUE(first.run(1s));
  Rig second({plain("a")}, {.instance = "node-2"});
  second.world = first.world;
  second.restart_daemon();
  const std::size_t writes = second.world.writes().size();
  ASSERT_TRUE(second.run(100s));
  EXPECT_EQ(second.world.writes().size(), writes);
  EXPECT_EQ(second.state("a"), "blocked");
  EXPECT_EQ(second.status("a").why, "its container belongs to another daemon, instance 'node-1'; it can be adopted");
  second.handle(Adopt{"node-1"});
  ASSERT_TRUE(second.run(100s));
  EXPECT_EQ(second.world.writes().size(), writes) << "adopted as it runs";
  EXPECT_EQ(second.state("a"), "running");
}

TEST(SupervisorReconcile, RotatedSecretsReplaceAndTheOldOnesGo) {
  Rig rig({services::default_service("redis", services::Limits::kOn)});
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  rig.facts.secret_versions["redis_conf"] = "v2";
  rig.handle(FactsChanged{rig.facts});
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.writes(),
            "secret mcp-redis_conf-v2, create redis, stop redis, start redis, remove redis, remove secret mcp-redis_conf-v1");
}

TEST(SupervisorReconcile, AMissingSecretBlocksOnlyWhoNeedsIt) {
  Rig rig({services::default_service("redis", services::Limits::kOn), plain("a")});
  rig.facts.secret_versions.clear();
  rig.restart_daemon();
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.state("redis"), "blocked");
  EXPECT_EQ(rig.status("redis").why, "the secret 'redis_conf' has no value");
  EXPECT_EQ(rig.state("a"), "running");
  EXPECT_FALSE(rig.supervisor->ready());
  rig.handle(FactsChanged{all_facts()});
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.state("redis"), "running");
}

// A secret that cannot be read at the moment is no reason to lose a database.
TEST(SupervisorReconcile, WhatRunsDoesNotNeedItsSecretAgain) {
  Rig rig({services::default_service("redis", services::Limits::kOn)});
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  rig.handle(FactsChanged{{}});
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.state("redis"), "running");
  EXPECT_EQ(rig.status("redis").why, "the secret 'redis_conf' has no value");
  rig.world.end(rig.world.ids("redis")[0], 1);
  rig.run_now();
  EXPECT_EQ(rig.writes(), "start redis");
  rig.handle(Command{Command::Verb::kStop, "redis", "admin"});
  rig.run_now();
  EXPECT_EQ(rig.writes(), "stop redis");
  EXPECT_EQ(rig.state("redis"), "held");
}

TEST(SupervisorReconcile, AReloadIsNoMomentOfNotKnowing) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(2s));
  rig.handle(Declared{rig.settings});
  EXPECT_TRUE(rig.supervisor->ready());
  EXPECT_EQ(rig.state("a"), "running");
}

TEST(SupervisorReconcile, ANewerImageIsFetchedWhenWanted) {
  services::ServiceSettings a = plain("a");
  a.pull = services::Pull::kNewer;
  Rig rig({a});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.world.writes()[0].substr(0, 5), "pull ");
  rig.writes();
  rig.world.registry["localhost/a:1"] = "sha256:new";
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.writes(), "") << "the registry is not asked again by itself";
  rig.handle(Command{Command::Verb::kRefresh, "a", "admin"});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.writes(), "pull localhost/a:1, create a, stop a, start a, remove a");
}

TEST(SupervisorReconcile, AnImageThatIsNeverPulledIsMissed) {
  services::ServiceSettings a = plain("a");
  a.pull = services::Pull::kNever;
  Rig rig({a});
  ASSERT_TRUE(rig.run(30s));
  EXPECT_EQ(rig.state("a"), "blocked");
  EXPECT_EQ(rig.status("a").why, "its image localhost/a:1 is not there, and is not to be pulled");
  rig.world.images["localhost/a:1"] = "sha256:1";
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.state("a"), "running");
}

TEST(SupervisorReconcile, TheEngineMayGoAndComeBack) {  // R2
  Rig rig({plain("a"), plain("b")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.handle(EngineLost{"connection refused"});
  const int before = rig.world.count();
  rig.world.end(rig.world.ids("a")[0], 6);
  rig.tell_ends = false;
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.world.count(), before);
  EXPECT_EQ(rig.state("b"), "unknown");
  EXPECT_EQ(rig.status("b").why, "Podman does not answer: connection refused");
  EXPECT_TRUE(rig.status("b").serves) << "who ran and did not end still serves";
  rig.handle(EngineBack{});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.writes(), "start a");
  EXPECT_EQ(rig.status("a").last_exit, "it failed with code 6 after 1s");
}

TEST(SupervisorReconcile, AnOldLookDoesNotUndoWhatWasDoneSince) {
  FixedRandom random;
  services::Settings settings;
  settings.services = {plain("a")};
  fakes::FakePodmanWorld world;
  world.images["localhost/a:1"] = "sha256:1";
  world.networks["mcp_platform_network"] = {"mcp_platform_network", {}, true};
  Supervisor supervisor(settings, {}, {.instance = "node-1"}, random);
  const Now now{runtime::SteadyTime(1000s), runtime::WallTime(2000s)};
  auto look = supervisor.handle(Tick{}, now);
  ASSERT_EQ(look.size(), 1u);
  auto create = supervisor.handle(Answered{look[0].ticket, world.perform(look[0])}, now);
  ASSERT_EQ(create.size(), 1u);
  auto second_look = supervisor.handle(Changed{}, now);  // while it is being created
  ASSERT_EQ(second_look.size(), 1u);
  const Answer empty = world.perform(second_look[0]);
  auto inspect = supervisor.handle(Answered{create[0].ticket, world.perform(create[0])}, now);
  ASSERT_EQ(inspect.size(), 1u);
  auto start = supervisor.handle(Answered{inspect[0].ticket, world.perform(inspect[0])}, now);
  ASSERT_EQ(start.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<Start>(start[0].what));
  EXPECT_TRUE(supervisor.handle(Answered{second_look[0].ticket, empty}, now).empty()) << "and not created again";
}

TEST(SupervisorReconcile, StoppingEverythingDoesNotWaitForRetries) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.world.updates_work = false;
  rig.settings.services[0].resources.memory = 1 << 30;
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(300s));
  rig.handle(StopAll{});
  rig.run_now();
  EXPECT_TRUE(rig.supervisor->stopped());
}

TEST(SupervisorReconcile, StopsInOrderAndStaysStopped) {  // D4, T4
  Rig rig({plain("db"), plain("api", {{.service = "db"}}), plain("web", {{.service = "api"}})});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.handle(StopAll{});
  EXPECT_FALSE(rig.supervisor->stopped());
  rig.run_now();
  EXPECT_EQ(rig.writes(), "stop web, stop api, stop db");
  EXPECT_TRUE(rig.supervisor->stopped());
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.writes(), "");
}

}  // namespace
}  // namespace gatehouse::supervisor
