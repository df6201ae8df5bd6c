// Each action fails in each way, and the daemon dies at each action: the end is always the declared state, with nothing twice
// (R8, U5), and then nothing more is written (R4).
#include <gtest/gtest.h>

#include "rig.h"

namespace gatehouse::supervisor {
namespace {

using namespace std::chrono_literals;
using services::Status;

std::vector<services::ServiceSettings> declared() {
  services::ServiceSettings db = services::default_service("postgres", services::Limits::kOn);
  services::ServiceSettings worker = plain(
      "worker", {{.service = "postgres", .condition = services::Condition::kHealthy, .on_loss = services::OnLoss::kRestart}});
  worker.volumes = {{"mcp_gateway_postgres_data", "/backup", true}};
  return {db, worker, plain("lone")};
}

void expect_as_declared(Rig& rig, const std::string& what) {
  EXPECT_EQ(rig.world.violations(), std::vector<std::string>{}) << what;
  EXPECT_EQ(rig.world.containers.size(), rig.settings.services.size()) << what;
  for (const auto& service : rig.settings.services)
    EXPECT_NE(rig.world.running(service.name), nullptr) << what << ": " << service.name;
  EXPECT_FALSE(rig.supervisor->plan().changes()) << what << "\n" << services::plan_table(rig.supervisor->plan());
  EXPECT_TRUE(rig.supervisor->ready()) << what;
  for (const ServiceStatus& one : rig.supervisor->status(rig.now())) EXPECT_EQ(one.why, "") << what << ": " << one.name;
  rig.writes();
  EXPECT_TRUE(rig.run(60s)) << what;
  EXPECT_EQ(rig.writes(), "") << what;
}

// What happens after the start, and is to be survived.
void first_start(Rig&) {}
void replaced(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  rig.settings.services[0].environment["X"] = "1";
  rig.settings.services[2].image = "localhost/lone:2";
  rig.world.registry["localhost/lone:2"] = "sha256:2";
  rig.handle(Declared{rig.settings});
}
void repaired(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  for (auto& [id, one] : rig.world.containers) {
    one.limits->memory = 4096;
    one.networks.clear();
    one.status = Status::kPaused;
  }
  rig.handle(Changed{});
}
void crashed(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  for (const auto& service : rig.settings.services) rig.world.end(rig.world.running(service.name)->id, 137);
}
void rotated(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  rig.facts.secret_versions["postgres_password"] = "v2";
  rig.handle(FactsChanged{rig.facts});
}
void removed(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  rig.settings.services.pop_back();
  rig.handle(Declared{rig.settings});
}
void restarted(Rig& rig) {
  EXPECT_TRUE(rig.run(5s));
  rig.handle(Command{Command::Verb::kRestart, "postgres", "admin"});
}

struct Scenario {
  const char* name;
  void (*happen)(Rig&);
};
constexpr Scenario kScenarios[] = {{"first start", first_start}, {"replaced", replaced}, {"repaired", repaired},
                                   {"crashed", crashed},         {"rotated", rotated},   {"removed", removed},
                                   {"restarted", restarted}};

// How many actions the scenario takes when all goes well.
int actions_of(const Scenario& scenario) {
  Rig rig(declared());
  scenario.happen(rig);
  const int before = rig.world.count();
  EXPECT_TRUE(rig.run(5s));
  const int count = rig.world.count() - before;
  expect_as_declared(rig, scenario.name);
  return count;
}

class SupervisorFaults : public testing::TestWithParam<Scenario> {};

TEST_P(SupervisorFaults, EachActionMayFailInEachWay) {
  const Scenario& scenario = GetParam();
  const int actions = actions_of(scenario);
  ASSERT_GE(actions, 5);
  for (int nth = 1; nth <= actions; ++nth) {
    for (const fakes::Fault fault : fakes::kAllFaults) {
      Rig rig(declared(), {.instance = "node-1", .resync = 3600s});  // nobody looks by chance
      scenario.happen(rig);
      rig.world.fail(nth, fault);
      EXPECT_TRUE(rig.run(5s));
      expect_as_declared(rig, std::string(scenario.name) + ", action " + std::to_string(nth) + ", fault " +
                                  std::to_string(static_cast<int>(fault)));
    }
  }
}

TEST_P(SupervisorFaults, TheDaemonMayDieAtEachAction) {
  const Scenario& scenario = GetParam();
  const int actions = actions_of(scenario);
  for (int nth = 1; nth <= actions; ++nth) {
    Rig rig(declared());
    scenario.happen(rig);
    rig.stop_after(nth);
    EXPECT_TRUE(rig.run(20s));
    rig.restart_daemon();
    EXPECT_TRUE(rig.run(20s));
    expect_as_declared(rig, std::string(scenario.name) + ", died after action " + std::to_string(nth));
  }
}

TEST_P(SupervisorFaults, TheEngineMayGoAwayAtEachAction) {
  const Scenario& scenario = GetParam();
  const int actions = actions_of(scenario);
  for (int nth = 1; nth <= actions; ++nth) {
    Rig rig(declared());
    scenario.happen(rig);
    rig.lose_engine_after(nth);
    EXPECT_TRUE(rig.run(20s));
    rig.engine_back();
    EXPECT_TRUE(rig.run(20s));
    expect_as_declared(rig, std::string(scenario.name) + ", engine lost after action " + std::to_string(nth));
  }
}

// Many faults one after the other, and orders of answers that nobody thought of.
TEST_P(SupervisorFaults, ManyFaultsAndAnyOrder) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Rig rig(declared());
    GetParam().happen(rig);
    rig.shuffle(seed);
    for (std::uint32_t i = 0; i < 12; ++i) {
      rig.world.fail(1 + static_cast<int>((seed * 7 + i * 5) % 4), fakes::kAllFaults[(seed + i) % std::size(fakes::kAllFaults)]);
      EXPECT_TRUE(rig.run(std::chrono::milliseconds(50 * (1 + (seed + i) % 7))));
    }
    EXPECT_TRUE(rig.run(150s));
    expect_as_declared(rig, std::string(GetParam().name) + ", seed " + std::to_string(seed));
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, SupervisorFaults, testing::ValuesIn(kScenarios), [](const auto& info) {
  std::string name = info.param.name;
  std::erase(name, ' ');
  return name;
});

}  // namespace
}  // namespace gatehouse::supervisor
