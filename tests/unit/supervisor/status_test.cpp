// What people read: statuses and the words of actions.
#include <gtest/gtest.h>

#include "fakes/golden.h"
#include "rig.h"

namespace gatehouse::supervisor {
namespace {

using namespace std::chrono_literals;
using services::Condition;

const health::Outcome kDown{health::Outcome::Verdict::kFailed, "answered 503"};

services::ServiceSettings job(const std::string& name) {
  services::ServiceSettings out = plain(name);
  out.restart.policy = services::RestartPolicy::kOnFailure;
  return out;
}

// One service in each state that lasts.
TEST(SupervisorStatus, TellsWhySomethingDoesNotRun) {
  Rig rig({checked("sick"), checked("fine"), checked("young"), checked("degraded"), plain("loops"), job("done"),
           job("no-program"), plain("held"), plain("no-image"),
           plain("waits", {{.service = "sick", .condition = Condition::kHealthy}}),
           services::default_service("redis", services::Limits::kOn), plain("refused")});
  rig.facts.secret_versions.clear();
  rig.settings.services[3].health.restart.budget = 0;
  rig.settings.services[0].health.restart.failures = 0;
  rig.settings.services[2].health.start_period = 3600s;
  rig.world.registry.erase("localhost/no-image:1");
  rig.world.exits = {{"loops", std::vector<int>(1000, 139)}, {"done", {0}}, {"no-program", {127}}};
  rig.world.start_errors["refused"] = "listen tcp4 127.0.0.1:9000: bind: address already in use \x1b[31m";
  rig.health = {{"sick", kDown}, {"young", kDown}, {"degraded", kDown}};
  rig.restart_daemon();
  rig.handle(Command{Command::Verb::kStop, "held", "admin"});
  ASSERT_TRUE(rig.run(200s));
  const auto status = rig.supervisor->status(rig.now());
  fakes::expect_golden("supervisor/status.txt", status_table(status));
  fakes::expect_golden("supervisor/status.json", status_json(status));
}

TEST(SupervisorStatus, BeforeAndWithoutTheEngine) {
  Rig rig({plain("a")});
  EXPECT_EQ(status_table(rig.supervisor->status(rig.now())), "a  unknown     nobody has looked yet\n");
  ASSERT_TRUE(rig.run(1s));
  EXPECT_EQ(status_table(rig.supervisor->status(rig.now())), "a  running\n");
  rig.handle(EngineLost{"connection refused"});
  EXPECT_EQ(status_table(rig.supervisor->status(rig.now())), "a  unknown     Podman does not answer: connection refused\n");
  EXPECT_EQ(status_table({}), "");
  EXPECT_EQ(status_json({}), "{\"kind\":\"services\",\"version\":1,\"items\":[]}\n");
}

TEST(SupervisorStatus, WhileItIsOnTheWay) {
  FixedRandom random;
  services::Settings settings;
  settings.services = {plain("a")};
  Supervisor supervisor(settings, {}, {.instance = "node-1"}, random);
  const Now now{runtime::SteadyTime(1000s), runtime::WallTime(2000s)};
  const auto look = supervisor.handle(Tick{}, now);
  const auto made = supervisor.handle(Answered{look[0].ticket, {.observation = services::Observation{}}}, now);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(describe(made[0]), "make network mcp_platform_network");
  EXPECT_EQ(describe(made[1]), "pull localhost/a:1");
  EXPECT_EQ(to_string(supervisor.status(now)[0].state), "preparing");
  EXPECT_EQ(supervisor.status(now)[0].why, "it needs network mcp_platform_network, image localhost/a:1");
}

TEST(SupervisorStatus, ActionsHaveWords) {
  const std::pair<decltype(Action::what), const char*> cases[] = {
      {Observe{}, "look at everything"},
      {CreateVolume{"v"}, "make volume v"},
      {CreateSecret{"s", {}}, "make secret s"},
      {RemoveSecret{"s"}, "remove secret s"},
      {Stop{"c1", 10s}, "stop c1"},
      {Kill{"c1"}, "kill c1"},
      {Unpause{"c1"}, "unpause c1"},
      {Remove{"c1", false}, "remove c1"},
      {Remove{"c1", true}, "remove by force c1"},
      {UpdateLimits{"c1", {1, 2, 3, 4, 5}}, "update limits of c1 to 1 2 3 4 5"},
      {Connect{"c1", "n", {}}, "connect c1 to n"},
      {Disconnect{"c1", "n"}, "disconnect c1 from n"},
      {GiveUpProbe{7}, "give up probe 7"},
  };
  for (const auto& [what, words] : cases) EXPECT_EQ(describe(Action{1, "", what}), words);
  EXPECT_EQ(describe(Action{1, "redis", Start{"c1"}}), "redis: start c1");
}

}  // namespace
}  // namespace gatehouse::supervisor
