// The services that need no configuration, and profiles (R9, R14, R15).
#include "gatehouse/services/known.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gatehouse/services/checks.h"

namespace gatehouse::services {
namespace {

std::vector<ServiceSettings> all_known() {
  std::vector<ServiceSettings> out;
  for (const std::string& name : known_services()) out.push_back(default_service(name, Limits::kOn));
  return out;
}

std::string names(const Selection& selection) {
  std::string out;
  for (const Chosen& chosen : selection.services) out += chosen.settings.name + "(" + chosen.reason + ") ";
  return out;
}

std::string modules(const Selection& selection) {
  std::string out;
  for (const Module module : selection.modules) out += std::string(to_string(module)) + " ";
  return out;
}

TEST(ServicesKnown, EachIsCompleteAndConfined) {
  ASSERT_EQ(known_services(), (std::vector<std::string>{"grafana", "postgres", "prometheus", "redis"}));
  for (const ServiceSettings& service : all_known()) {
    EXPECT_TRUE(check_service(service, "/var/lib/gatehouse").empty()) << service.name;
    EXPECT_TRUE(loosened(service).empty()) << service.name << ": " << loosened(service)[0];
    EXPECT_NE(service.health.probe.kind, health::Kind::kNone) << service.name;
    EXPECT_GT(service.resources.reserve_memory, 0) << service.name;
    EXPECT_FALSE(service.volumes.empty()) << service.name;
    EXPECT_NE(service.image.find(':'), std::string::npos) << service.name;
    EXPECT_FALSE(service.image.ends_with(":latest")) << service.name;
  }
  EXPECT_TRUE(check_together(all_known()).empty());
}

TEST(ServicesKnown, LimitsAreThoseOfTheSeed) {
  const Resources postgres = default_service("postgres", Limits::kOn).resources;
  EXPECT_EQ(postgres, (Resources{2000, 2LL << 30, 500, 512 << 20, 512}));
  const Resources redis = default_service("redis", Limits::kOn).resources;
  EXPECT_EQ(redis, (Resources{1000, 1LL << 30, 250, 256 << 20, 512}));
  EXPECT_EQ(default_service("redis", Limits::kOff).resources, (Resources{0, 0, 0, 0, 0}));
}

TEST(ServicesKnown, NoPasswordIsAnArgumentOrAVariable) {
  for (const ServiceSettings& service : all_known()) {
    for (const std::string& argument : service.command) EXPECT_EQ(argument.find("pass"), std::string::npos) << argument;
    for (const auto& [name, value] : service.environment)
      if (name.find("PASSWORD") != std::string::npos) {
        EXPECT_TRUE(value.starts_with("/run/secrets/")) << name;
      }
  }
}

TEST(ServicesKnown, AnyOtherContainerHasTheSameConfinement) {
  const ServiceSettings other = default_service("worker", Limits::kOn);
  EXPECT_TRUE(other.read_only && other.no_new_privileges && other.cap_add.empty());
  EXPECT_EQ(other.resources.pids, 512);
  EXPECT_TRUE(other.image.empty());
}

TEST(ServicesProfiles, EachStartsItsOwn) {
  EXPECT_EQ(names(select({"gateway"}, {})), "postgres(profile gateway) redis(profile gateway) ");
  EXPECT_EQ(names(select({"monitoring"}, {})), "grafana(profile monitoring) prometheus(profile monitoring) ");
  EXPECT_EQ(names(select({"development"}, {})), "");
  EXPECT_EQ(names(select({"templates", "platform"}, {})), "");
  EXPECT_EQ(select({"production"}, {}).services.size(), 4u);
  EXPECT_EQ(modules(select({"production"}, {})), "gateway monitoring ");
  EXPECT_EQ(modules(select({"templates", "gateway", "templates"}, {})), "templates gateway ");
  for (const Profile& profile : profiles())
    EXPECT_TRUE(select({std::string(profile.name)}, {}).problems.empty()) << profile.name;
}

TEST(ServicesProfiles, SeveralAddUp) {
  const Selection both = select({"gateway", "monitoring"}, {});
  EXPECT_EQ(both.services.size(), 4u);
  EXPECT_EQ(modules(both), "gateway monitoring ");
}

TEST(ServicesProfiles, WhatIsDeclaredWinsOverWhatIsKnown) {
  ServiceSettings mine = default_service("redis", Limits::kOn);
  mine.image = "docker.io/example/redis:1";
  const Selection chosen = select({"gateway"}, {mine});
  EXPECT_EQ(names(chosen), "postgres(profile gateway) redis(declared) ");
  EXPECT_EQ(chosen.services[1].settings.image, "docker.io/example/redis:1");
}

TEST(ServicesProfiles, ADeclaredServiceMayBelongToProfiles) {
  ServiceSettings worker = default_service("worker", Limits::kOn);
  worker.profiles = {"templates", "gateway"};
  EXPECT_EQ(names(select({"monitoring"}, {worker})).find("worker"), std::string::npos);
  EXPECT_NE(names(select({"gateway"}, {worker})).find("worker(declared)"), std::string::npos);
}

TEST(ServicesProfiles, DependenciesComeAlong) {
  ServiceSettings worker = default_service("worker", Limits::kOn);
  worker.depends_on = {{.service = "grafana"}, {.service = "queue"}};
  ServiceSettings queue = default_service("queue", Limits::kOn);
  queue.profiles = {"templates"};
  EXPECT_EQ(names(select({}, {worker, queue})),
            "grafana(needed by worker) prometheus(needed by grafana) queue(needed by worker) worker(declared) ");
}

TEST(ServicesProfiles, WhatNobodyKnowsIsRefusedByName) {
  ServiceSettings worker = default_service("worker", Limits::kOn);
  worker.depends_on = {{.service = "postgress"}, {.service = "elsewhere", .required = false}};
  const Selection chosen = select({"gatway"}, {worker});
  ASSERT_EQ(chosen.problems.size(), 2u);
  EXPECT_EQ(chosen.problems[0].message, "no profile is called 'gatway'");
  EXPECT_EQ(chosen.problems[0].suggestion, "did you mean 'gateway'?");
  EXPECT_EQ(chosen.problems[1].path, "services.worker.depends_on.postgress");
  EXPECT_EQ(chosen.problems[1].suggestion, "did you mean 'postgres'?");
}

TEST(ServicesProfiles, DevelopmentHasNoLimits) {
  EXPECT_EQ(limits_of({"development"}), Limits::kOff);
  EXPECT_EQ(limits_of({"development", "production"}), Limits::kOn);
  EXPECT_EQ(limits_of({}), Limits::kOn);
  const Selection chosen = select({"development", "monitoring"}, {});
  ASSERT_EQ(chosen.services.size(), 2u);
  EXPECT_EQ(chosen.services[0].settings.resources.memory, 0);
}

}  // namespace
}  // namespace gatehouse::services
