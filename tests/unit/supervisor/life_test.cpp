// Ends, health, dependencies and what people want (B, D, H, T).
#include <gtest/gtest.h>

#include "rig.h"

namespace gatehouse::supervisor {
namespace {

using namespace std::chrono_literals;
using services::Condition;
using services::OnLoss;
using services::Status;

const health::Outcome kDown{health::Outcome::Verdict::kFailed, "connection refused"};
const health::Outcome kCannotAsk{health::Outcome::Verdict::kCannotAsk, "Podman does not answer"};

std::string kill(Rig& rig, const std::string& service, int code = 1, bool out_of_memory = false) {
  rig.world.end(rig.world.running(service)->id, code, out_of_memory);
  rig.run_now();
  return rig.writes();
}

// ---- ends

TEST(SupervisorLife, WhoEndsIsStartedAtOnceThenLater) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  EXPECT_EQ(kill(rig, "a"), "start a");
  EXPECT_EQ(kill(rig, "a"), "");
  EXPECT_EQ(rig.state("a"), "backoff");
  EXPECT_EQ(rig.status("a").why, "it failed with code 1 after 0ms");
  EXPECT_LE(*rig.status("a").next_try, 120ms);
  ASSERT_TRUE(rig.run(120ms));
  EXPECT_EQ(rig.writes(), "start a");
  EXPECT_EQ(rig.status("a").restarts, 2);
}

TEST(SupervisorLife, ACrashLoopIsSeenAndWaitsLonger) {  // B3
  Rig rig({plain("a")});
  rig.world.exits["a"] = std::vector<int>(1000, 3);
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.state("a"), "crash_loop");
  const std::size_t starts = rig.world.writes().size();
  EXPECT_LT(starts, 30u);
  EXPECT_GE(*rig.status("a").next_try + 60s, 0ms);
  rig.writes();
  rig.handle(Command{Command::Verb::kRetry, "a", "admin"});
  rig.run_now();
  EXPECT_EQ(rig.writes(), "start a") << "at once, because somebody wanted it";
  rig.world.exits.clear();
  ASSERT_TRUE(rig.run(200s));
  EXPECT_EQ(rig.state("a"), "running");
  EXPECT_EQ(kill(rig, "a").substr(0, 7), "start a") << "it had lasted";
}

TEST(SupervisorLife, AMissingProgramIsNotTriedAgainBeforeTheConfigurationChanges) {  // B4
  Rig rig({plain("a")});
  rig.world.exits["a"] = {127, 127};
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.state("a"), "failed");
  EXPECT_EQ(rig.status("a").why, "its program is not in the image (code 127)");
  EXPECT_EQ(rig.world.exits["a"].size(), 1u);
  rig.world.exits.clear();
  rig.settings.services[0].command = {"other"};
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.state("a"), "running");
}

TEST(SupervisorLife, MemoryIsNamedAsTheCause) {  // Q3
  services::ServiceSettings a = plain("a");
  a.resources.memory = 64 << 20;
  Rig rig({a});
  ASSERT_TRUE(rig.run(5s));
  kill(rig, "a", 137, true);
  EXPECT_EQ(rig.status("a").last_exit, "the kernel killed it for want of memory at its limit of 64MiB after 5s");
}

TEST(SupervisorLife, AJobEndsOnce) {
  services::ServiceSettings job = plain("job");
  job.restart.policy = services::RestartPolicy::kOnFailure;
  Rig rig({job});
  rig.world.exits["job"] = {1, 0};
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.state("job"), "completed");
  EXPECT_TRUE(rig.supervisor->ready());
  EXPECT_EQ(rig.status("job").restarts, 1);
  const std::size_t writes = rig.world.writes().size();
  rig.restart_daemon();
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.world.writes().size(), writes) << "nor does a new daemon run it again";
}

TEST(SupervisorLife, AnEndIsKnownBeforeItIsUnderstood) {  // B6
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_TRUE(rig.status("a").serves);
  rig.handle(Ended{rig.world.ids("a")[0]});
  EXPECT_FALSE(rig.status("a").serves);
  EXPECT_EQ(rig.status("a").why, "it has just ended");
  rig.run_now();
  EXPECT_TRUE(rig.status("a").serves) << "it was a mistake";
  EXPECT_EQ(rig.status("a").restarts, 0);
}

TEST(SupervisorLife, AfterARebootEverythingStartsAgain) {  // F6, D6
  Rig rig({checked("db"), plain("api", {{.service = "db", .condition = Condition::kHealthy}})});
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  rig.tell_ends = false;
  rig.world.reboot();
  rig.pass(60s);
  rig.restart_daemon();
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.writes(), "start db, start api");
}

TEST(SupervisorLife, AStartThatTheEngineRefusesIsTriedLessAndLessOften) {
  Rig rig({plain("a")});
  rig.world.start_errors["a"] = "address already in use";
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.state("a"), "backoff");
  EXPECT_EQ(rig.status("a").why, "address already in use");
  EXPECT_TRUE(rig.status("a").next_try);
  EXPECT_LT(rig.world.count(), 130);
  rig.world.start_errors.clear();
  ASSERT_TRUE(rig.run(75s));
  EXPECT_EQ(rig.state("a"), "running");
}

TEST(SupervisorLife, WhoDoesNotStopIsKilledAndThatIsNoCrash) {  // T5
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.world.deaf.insert("a");
  rig.handle(Command{Command::Verb::kRestart, "a", "admin"});
  rig.run_now();
  EXPECT_EQ(rig.status("a").last_exit, "it was killed, for it did not stop within 10s");
  EXPECT_EQ(rig.state("a"), "running");
  EXPECT_EQ(rig.status("a").restarts, 0);
}

TEST(SupervisorLife, WhoCannotBeStoppedIsKilled) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.handle(Command{Command::Verb::kRestart, "a", "admin"});
  rig.world.fail(1, fakes::Fault::kTimeoutBefore);
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.writes(), "kill a, start a");
}

TEST(SupervisorLife, AStopThatNeverEndsIsForced) {  // F3, G18
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.world.stuck.insert("a");
  rig.handle(Command{Command::Verb::kRestart, "a", "admin"});
  ASSERT_TRUE(rig.run(35s));
  EXPECT_EQ(rig.writes(), "");
  ASSERT_TRUE(rig.run(25s));
  EXPECT_EQ(rig.writes(), "remove by force a, create a, start a");
  EXPECT_EQ(rig.state("a"), "running");
}

// ---- health

TEST(SupervisorLife, AnUnhealthyServiceLosesTrafficThenIsRestarted) {  // H6
  Rig rig({checked("a")});
  ASSERT_TRUE(rig.run(30s));
  EXPECT_TRUE(rig.status("a").serves);
  rig.writes();
  rig.health["a"] = kDown;
  ASSERT_TRUE(rig.run(30s));
  EXPECT_EQ(rig.state("a"), "unhealthy");
  EXPECT_EQ(rig.status("a").why, "connection refused, 3 times in a row");
  EXPECT_FALSE(rig.status("a").serves);
  EXPECT_EQ(rig.writes(), "");
  ASSERT_TRUE(rig.run(31s));
  EXPECT_EQ(rig.writes(), "stop a, start a");
  EXPECT_EQ(rig.status("a").last_exit, "it was stopped");
}

TEST(SupervisorLife, RestartingDoesNotGoOnForEver) {
  Rig rig({checked("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.health["a"] = kDown;
  ASSERT_TRUE(rig.run(590s));
  EXPECT_EQ(rig.writes(), "stop a, start a, stop a, start a, stop a, start a");
  EXPECT_EQ(rig.state("a"), "degraded");
  EXPECT_NE(rig.status("a").why.find("restarting it has not helped"), std::string::npos);
  rig.health.clear();
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.state("a"), "running");
}

TEST(SupervisorLife, AProbeWithoutAnswerFails) {  // H3
  Rig rig({checked("a")});
  ASSERT_TRUE(rig.run(2s));
  rig.silent.insert("a");
  ASSERT_TRUE(rig.run(40s));
  EXPECT_EQ(rig.state("a"), "unhealthy");
  EXPECT_EQ(rig.status("a").why, "no answer within 5s, 3 times in a row");
  EXPECT_EQ(rig.given_up.size(), 3u);
}

TEST(SupervisorLife, WhoCannotAskDoesNotRestart) {  // H5
  Rig rig({checked("a")});
  ASSERT_TRUE(rig.run(2s));
  rig.writes();
  rig.health["a"] = kCannotAsk;
  ASSERT_TRUE(rig.run(600s));
  EXPECT_EQ(rig.writes(), "");
  EXPECT_EQ(rig.state("a"), "unknown");
  EXPECT_TRUE(rig.status("a").serves);
}

TEST(SupervisorLife, APausedServiceIsNotAsked) {
  services::ServiceSettings a = checked("a");
  a.drift.paused = services::Drift::kReport;
  Rig rig({a});
  ASSERT_TRUE(rig.run(15s));
  rig.writes();
  rig.world.containers.begin()->second.status = Status::kPaused;
  rig.handle(Changed{});
  rig.run_now();
  const int probes = rig.probes;
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.probes, probes);
  EXPECT_EQ(rig.writes(), "");
  EXPECT_FALSE(rig.status("a").serves);
  EXPECT_EQ(rig.status("a").why, "it is paused");
  rig.handle(Command{Command::Verb::kStop, "a", "admin"});
  rig.run_now();
  EXPECT_EQ(rig.writes(), "unpause a, stop a") << "a frozen process cannot end";
}

// ---- dependencies

TEST(SupervisorLife, StartsWaitForTheirConditions) {  // D2
  services::ServiceSettings job = plain("job", {{.service = "db", .condition = Condition::kHealthy}});
  job.restart.policy = services::RestartPolicy::kOnFailure;
  Rig rig({plain("web", {{.service = "api"}, {.service = "job", .condition = Condition::kCompleted}}),
           plain("api", {{.service = "db"}}), job, checked("db")});
  rig.health["db"] = kDown;
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.state("db"), "starting");
  EXPECT_EQ(rig.state("api"), "running") << "only waits for a start";
  EXPECT_EQ(rig.state("job"), "waiting");
  EXPECT_EQ(rig.status("job").why, "it waits for db to be healthy: it is starting (connection refused)");
  EXPECT_EQ(rig.status("web").why, "it waits for job to complete: it has not run yet");
  EXPECT_FALSE(rig.supervisor->ready());
  rig.health.clear();
  ASSERT_TRUE(rig.run(2s));
  EXPECT_EQ(rig.status("web").why, "it waits for job to complete: it still runs");
  kill(rig, "job", 0);
  EXPECT_EQ(rig.state("web"), "running");
  EXPECT_TRUE(rig.supervisor->ready());
}

TEST(SupervisorLife, WaitingForLongIsSaid) {
  services::Dependency edge{.service = "db", .condition = Condition::kHealthy};
  edge.timeout = 60s;
  Rig rig({checked("db"), plain("api", {edge})});
  rig.health["db"] = kDown;
  ASSERT_TRUE(rig.run(100s));
  EXPECT_NE(rig.status("api").why.find("; longer than 1m"), std::string::npos);
}

TEST(SupervisorLife, AnOptionalDependencyIsNoObstacleWhenItFails) {
  Rig rig({plain("cache"), plain("api", {{.service = "cache", .required = false}, {.service = "absent", .required = false}})});
  rig.world.exits["cache"] = {127};
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.state("cache"), "failed");
  EXPECT_EQ(rig.state("api"), "running");
}

TEST(SupervisorLife, LossOfADependencyMeansWhatTheEdgeSays) {  // D5
  const auto edge = [](OnLoss on_loss) {
    return std::vector<services::Dependency>{{.service = "db", .condition = Condition::kHealthy, .on_loss = on_loss}};
  };
  Rig rig({checked("db"), plain("ignores", edge(OnLoss::kIgnore)), plain("follows", edge(OnLoss::kRestart)),
           plain("holds", edge(OnLoss::kHold))});
  ASSERT_TRUE(rig.run(20s));
  rig.writes();
  rig.health["db"] = kDown;
  kill(rig, "db");
  EXPECT_TRUE(rig.status("ignores").serves);
  EXPECT_TRUE(rig.status("follows").serves);
  EXPECT_FALSE(rig.status("holds").serves);
  EXPECT_EQ(rig.status("holds").why, "no traffic: a dependency is lost");
  EXPECT_EQ(rig.writes(), "") << "it is started, nothing else";
  rig.health.clear();
  ASSERT_TRUE(rig.run(3s));
  EXPECT_EQ(rig.writes(), "stop follows, start follows");
  EXPECT_TRUE(rig.status("holds").serves);
  EXPECT_EQ(rig.status("follows").restarts, 0);
}

TEST(SupervisorLife, WhoFollowsGoesFirstWhenItsDependencyIsReplaced) {  // D4, D6
  Rig rig({checked("db"), plain("api", {{.service = "db", .condition = Condition::kHealthy, .on_loss = OnLoss::kRestart}}),
           plain("web", {{.service = "api", .on_loss = OnLoss::kRestart}}), plain("other", {{.service = "db"}})});
  ASSERT_TRUE(rig.run(5s));
  rig.writes();
  rig.settings.services[0].environment["X"] = "1";
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(5s));
  EXPECT_EQ(rig.writes(), "create db, stop web, stop api, stop db, start db, remove db, start api, start web");
  rig.handle(Command{Command::Verb::kRestart, "db", "admin"});
  ASSERT_TRUE(rig.run(5s));
  EXPECT_EQ(rig.writes(), "stop web, stop api, stop db, start db, start api, start web");
}

TEST(SupervisorLife, ChangedDependenciesReplaceNothing) {  // D7
  Rig rig({plain("db"), plain("api")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.settings.services[1].depends_on = {{.service = "db"}};
  rig.handle(Declared{rig.settings});
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.writes(), "");
}

TEST(SupervisorLife, IndependentServicesStartTogetherButNotTooMany) {  // D3
  std::vector<services::ServiceSettings> many;
  for (int i = 0; i < 12; ++i) many.push_back(plain("s" + std::to_string(i)));
  FixedRandom random;
  services::Settings settings;
  settings.services = many;
  fakes::FakePodmanWorld world;
  world.networks["mcp_platform_network"] = {"mcp_platform_network", {}, true};
  for (const auto& one : many) world.images[one.image] = "sha256:1";
  Supervisor supervisor(settings, {}, {.instance = "node-1"}, random);
  const Now now{runtime::SteadyTime(1000s), runtime::WallTime(2000s)};
  const auto look = supervisor.handle(Tick{}, now);
  EXPECT_EQ(supervisor.handle(Answered{look[0].ticket, world.perform(look[0])}, now).size(), 4u);
}

TEST(SupervisorLife, ContainersWithOneVolumeAreMadeOneAfterTheOther) {  // V2
  services::ServiceSettings a = plain("a"), b = plain("b"), c = plain("c");
  a.volumes = b.volumes = {{"shared", "/shared"}};
  c.volumes = {{"own", "/own"}};
  FixedRandom random;
  services::Settings settings;
  settings.services = {a, b, c};
  fakes::FakePodmanWorld world;
  world.networks["mcp_platform_network"] = {"mcp_platform_network", {}, true};
  world.volumes = {"shared", "own"};
  for (const auto& one : settings.services) world.images[one.image] = "sha256:1";
  Supervisor supervisor(settings, {}, {.instance = "node-1"}, random);
  const Now now{runtime::SteadyTime(1000s), runtime::WallTime(2000s)};
  const auto look = supervisor.handle(Tick{}, now);
  const auto creates = supervisor.handle(Answered{look[0].ticket, world.perform(look[0])}, now);
  ASSERT_EQ(creates.size(), 2u);
  EXPECT_EQ(creates[0].service, "a");
  EXPECT_EQ(creates[1].service, "c");
}

// ---- what people want

TEST(SupervisorLife, AHoldIsKept) {  // B5
  Rig rig({plain("db"), plain("api", {{.service = "db", .on_loss = OnLoss::kRestart}})});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.handle(Command{Command::Verb::kStop, "db", "admin"});
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.writes(), "stop api, stop db");
  EXPECT_EQ(rig.state("db"), "held");
  EXPECT_EQ(rig.status("db").why, "stopped by admin");
  EXPECT_EQ(rig.status("api").why, "it waits for db to be started: it is held");
  EXPECT_EQ(rig.supervisor->holds().at("db"), "admin");
  rig.handle(Command{Command::Verb::kStart, "db", "admin"});
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(rig.writes(), "start db, start api");
  EXPECT_TRUE(rig.supervisor->holds().empty());
}

TEST(SupervisorLife, AHoldMayComeFromAnEarlierDaemon) {
  Rig rig({plain("a")}, {.instance = "node-1", .holds = {{"a", "admin"}}});
  ASSERT_TRUE(rig.run(100s));
  EXPECT_EQ(rig.writes(), "");
  EXPECT_EQ(rig.state("a"), "held");
  EXPECT_TRUE(rig.supervisor->ready()) << "nothing that shall run is missing";
}

TEST(SupervisorLife, AStopByHandIsRespectedWhenThePolicySaysSo) {  // R5
  services::ServiceSettings a = plain("a");
  a.restart.policy = services::RestartPolicy::kUnlessStopped;
  Rig rig({a, plain("b")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  for (const char* service : {"a", "b"}) {
    const std::string id = rig.world.ids(service)[0];
    rig.world.containers.at(id).stopped_by_hand = true;
    rig.world.end(id, 0);
  }
  ASSERT_TRUE(rig.run(10s));
  EXPECT_EQ(rig.writes(), "start b");
  EXPECT_EQ(rig.status("a").why, "stopped by somebody who asked Podman");
}

TEST(SupervisorLife, CommandsForNobodyDoNothing) {
  Rig rig({plain("a")});
  ASSERT_TRUE(rig.run(1s));
  rig.writes();
  rig.handle(Command{Command::Verb::kStop, "b", "admin"});
  rig.handle(Answered{12345, {}});
  rig.handle(ProbeAnswered{"b", 1, {}});
  rig.handle(ProbeAnswered{"a", 1, {}});
  rig.handle(Ended{"c99"});
  ASSERT_TRUE(rig.run(20s));
  EXPECT_EQ(rig.writes(), "");
}

}  // namespace
}  // namespace gatehouse::supervisor
