// Plans, and whose containers are whose (R4, R7).
#include "gatehouse/services/plan.h"

#include <gtest/gtest.h>

#include "fakes/golden.h"
#include "world.h"

namespace gatehouse::services {
namespace {

Settings settings_of(std::vector<ServiceSettings> services) { return {kPodman, std::move(services)}; }

Observation complete(const std::vector<ServiceSettings>& services) {
  Observation out;
  out.networks = {{"podman", "10.88.0.0/16", false}, {kPodman.network, "10.100.0.0/16", true}};
  for (const ServiceSettings& service : services) {
    out.images[service.image] = "sha256:1";
    for (const Volume& volume : service.volumes) out.volumes.insert(volume.source);
    for (const SecretFile& secret : service.secrets)
      out.secrets.insert(secret_name("mcp", secret.name, facts().secret_versions.at(secret.name)));
    out.containers.push_back(running(spec_of(service)));
  }
  return out;
}

void expect_plan(const std::string& name, const Plan& plan) {
  fakes::expect_golden("supervisor/plan_" + name + ".txt", plan_table(plan));
  fakes::expect_golden("supervisor/plan_" + name + ".json", plan_json(plan));
}

const std::vector<ServiceSettings> kGateway = {default_service("postgres", Limits::kOn), default_service("redis", Limits::kOn)};

TEST(ServicesPlan, NothingToDo) {
  const Plan plan = make_plan(settings_of(kGateway), facts(), complete(kGateway), kUs, {});
  EXPECT_FALSE(plan.changes());
  expect_plan("nothing", plan);
}

TEST(ServicesPlan, FromNothing) { expect_plan("first", make_plan(settings_of(kGateway), facts(), {}, kUs, {})); }

TEST(ServicesPlan, EveryVerb) {
  std::vector<ServiceSettings> services = kGateway;
  services.push_back(worker());
  services.push_back(default_service("prometheus", Limits::kOn));
  services.push_back(default_service("grafana", Limits::kOn));
  Observation observed = complete(services);
  observed.containers[0].limits = limits_of({2000, 1 << 30, 500, 512 << 20, 512}, 512);
  observed.containers[1].status = Status::kExited;
  observed.containers[1].exit_code = 137;
  observed.containers[3].name = "prom";
  observed.containers.pop_back();
  Container old = running(spec_of(worker()));
  old.name = "mcp-old-4-1";
  old.labels["io.gatehouse.service"] = "old";
  observed.containers.push_back(old);
  services[2].environment = {{"MODE", "slow\x1b[31m"}, {"WORKER_TOKEN", "s3cret"}};
  Facts known = facts();
  known.secret_versions.erase("grafana_password");
  const Plan plan = make_plan(settings_of(services), known, observed, kUs, {});
  EXPECT_TRUE(plan.changes());
  EXPECT_EQ(plan_table(plan).find("s3cret"), std::string::npos);
  EXPECT_EQ(plan_json(plan).find("s3cret"), std::string::npos);
  expect_plan("every_verb", plan);
}

TEST(ServicesPlan, WhatSeveralNeedIsMadeOnce) {
  ServiceSettings a = worker(), b = worker();
  a.volumes = b.volumes = {{"shared", "/shared"}};
  b.name = "other";
  Observation observed = complete({a, b});
  observed.volumes.clear();
  EXPECT_EQ(make_plan(settings_of({a, b}), facts(), observed, kUs, {}).items.size(), 3u);
}

TEST(ServicesPlan, WishesAreRespected) {
  Observation observed = complete(kGateway);
  const std::map<std::string, Wish, std::less<>> wishes = {
      {"postgres", {Wish::Kind::kStop, "stopped by admin"}}, {"redis", {Wish::Kind::kLeave, "next try in 4s"}}};
  Plan plan = make_plan(settings_of(kGateway), facts(), observed, kUs, wishes);
  EXPECT_EQ(plan_table(plan),
            "postgres  stop      mcp-postgres-1-1: stopped by admin\n"
            "redis     nothing   mcp-redis-1-1: as declared\n");
  for (Container& container : observed.containers) container.status = Status::kExited;
  plan = make_plan(settings_of(kGateway), facts(), observed, kUs, wishes);
  EXPECT_EQ(plan_table(plan),
            "postgres  nothing   mcp-postgres-1-1: stopped by admin\n"
            "redis     nothing   mcp-redis-1-1: next try in 4s\n"
            "Nothing to do.\n");
}

TEST(ServicesPlan, WhatIsOnTheWayIsLeftAlone) {
  Observation observed = complete({worker()});
  for (const auto& [status, text] : {std::pair(Status::kStopping, "it is stopping"), std::pair(Status::kUnknown, "its state is not known")}) {
    observed.containers[0].status = status;
    const Plan plan = make_plan(settings_of({worker()}), facts(), observed, kUs, {});
    EXPECT_FALSE(plan.changes());
    EXPECT_EQ(plan.items[0].reason, text);
  }
}

TEST(ServicesPlan, AnotherDaemonsContainersAreNotTouched) {
  Observation observed = complete(kGateway);
  observed.containers = {running(spec_of(kGateway[0]), 1, "node-2"), running(spec_of(kGateway[1]), 1, "node-2")};
  EXPECT_EQ(
      plan_table(make_plan(settings_of({kGateway[0]}), facts(), observed, kUs, {})),
      "postgres  blocked   mcp-postgres-1-1: its container belongs to another daemon, instance 'node-2'; it can be adopted\n");
  Identity adopting = kUs;
  adopting.adopted = {"node-2"};
  EXPECT_EQ(plan_table(make_plan(settings_of(kGateway), facts(), observed, adopting, {})),
            "postgres  nothing   mcp-postgres-1-1: as declared\n"
            "redis     nothing   mcp-redis-1-1: as declared\n"
            "Nothing to do.\n");
  observed.containers.push_back(running(spec_of(kGateway[0]), 2, "node-1"));
  const Claimed both = claim("postgres", observed.containers, kUs);
  ASSERT_EQ(both.ours.size(), 1u);
  EXPECT_EQ(both.ours[0]->name, "mcp-postgres-2-1");
  EXPECT_NE(both.foreign, nullptr);
  EXPECT_FALSE(make_plan(settings_of({kGateway[0]}), facts(), observed, kUs, {}).changes()) << "ours is as declared";
}

TEST(ServicesPlan, ContainersOfAnotherProjectDoNotExist) {
  Observation observed = complete(kGateway);
  const Identity other{"shop", "node-1"};
  EXPECT_TRUE(claim("postgres", observed.containers, other).ours.empty());
  EXPECT_EQ(claim("postgres", observed.containers, other).foreign, nullptr);
}

TEST(ServicesPlan, TheContainerMadeFromTheSpecIsKept) {
  const Spec spec = spec_of(worker());
  ServiceSettings changed = worker();
  changed.user = "7";
  Observation observed;
  observed.containers = {running(spec, 1), running(spec_of(changed), 2), running(spec, 3)};
  observed.containers[2].status = Status::kCreated;
  const Claimed claimed = claim("worker", observed.containers, kUs);
  EXPECT_EQ(claimed.generation, 3u);
  ASSERT_EQ(claimed.ours.size(), 3u);
  EXPECT_EQ(current_of(claimed, spec)->name, "mcp-worker-3-1");
  EXPECT_EQ(current_of(claimed, spec_of(changed))->name, "mcp-worker-2-1");
  changed.user = "8";
  EXPECT_EQ(current_of(claimed, spec_of(changed))->name, "mcp-worker-2-1") << "the newest that runs";
  observed.containers[2].status = Status::kRemoving;
  EXPECT_EQ(current_of(claimed, spec)->name, "mcp-worker-1-1");
  EXPECT_EQ(current_of({}, spec), nullptr);
}

TEST(ServicesPlan, OlderGenerationsAreRemoved) {
  Observation observed = complete({worker()});
  observed.containers.push_back(running(spec_of(worker()), 2));
  EXPECT_EQ(plan_table(make_plan(settings_of({worker()}), facts(), observed, kUs, {})),
            "worker  nothing   mcp-worker-2-1: as declared\n"
            "worker  remove    mcp-worker-1-1: an older generation\n");
}

TEST(ServicesPlan, ATagThatMovedReplacesNothingUnlessAskedFor) {
  Observation observed = complete({worker()});
  observed.images[worker().image] = "sha256:2";
  Settings settings = settings_of({worker()});
  EXPECT_FALSE(make_plan(settings, facts(), observed, kUs, {}).changes());
  observed.images.clear();
  EXPECT_FALSE(make_plan(settings, facts(), observed, kUs, {}).changes()) << "what runs needs no image";
  observed.images[worker().image] = "sha256:2";
  settings.services[0].pull = Pull::kNewer;
  EXPECT_EQ(plan_table(make_plan(settings, facts(), observed, kUs, {})),
            "worker  recreate  mcp-worker-1-1: 1 field differs\n"
            "    image_digest: sha256:1 -> sha256:2\n");
  settings = settings_of({worker()});
  settings.services[0].image = "docker.io/example/worker:1.5";
  observed.images["docker.io/example/worker:1.5"] = "sha256:2";
  EXPECT_EQ(make_plan(settings, facts(), observed, kUs, {}).items[0].fields.size(), 2u);
}

}  // namespace
}  // namespace gatehouse::services
