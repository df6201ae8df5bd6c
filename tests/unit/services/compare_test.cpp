// Desired against observed (R4, R5, R6).
#include "gatehouse/services/compare.h"

#include <gtest/gtest.h>

#include "world.h"

namespace gatehouse::services {
namespace {

std::string told(const std::vector<Difference>& differences) {
  std::string out;
  for (const Difference& one : differences)
    out += one.path + ": " + one.observed + " -> " + one.desired + " (" + std::string(to_string(one.remedy)) + ")\n";
  return out;
}

std::string compared(const Spec& spec, const Container& container) { return told(compare(spec, container, "mcp-worker-1-1")); }

std::string after(void (*change)(Container&)) {
  const Spec spec = spec_of(worker());
  Container container = running(spec);
  change(container);
  return compared(spec, container);
}

TEST(ServicesCompare, WhatWeMadeDoesNotDiffer) {
  EXPECT_EQ(after([](Container&) {}), "");
  EXPECT_EQ(after([](Container& c) { c.limits = limits_of(worker().resources, 256); }), "");
  EXPECT_EQ(after([](Container& c) { c.status = Status::kExited; }), "");
  EXPECT_EQ(after([](Container& c) { c.fields = {{"environment.MODE", "'fast'"}}; }), "");
}

TEST(ServicesCompare, AChangedFieldNeedsANewContainer) {
  const Container container = running(spec_of(worker()));
  ServiceSettings changed = worker();
  changed.environment = {{"MODE", "slow"}, {"EXTRA", "1"}};
  changed.user = "1000";
  EXPECT_EQ(compared(spec_of(changed), container),
            "environment.EXTRA:  -> '1' (recreate)\n"
            "environment.MODE: 'fast' -> 'slow' (recreate)\n"
            "user:  -> 1000 (recreate)\n");
  changed = worker();
  changed.environment = {};
  EXPECT_EQ(compared(spec_of(changed), container), "environment.MODE: 'fast' ->  (recreate)\n");
  EXPECT_EQ(compared(spec_of(worker(), "sha256:2"), container), "image_digest: sha256:1 -> sha256:2 (recreate)\n");
}

TEST(ServicesCompare, AnImageThatIsNotThereYetDoesNotDiffer) {
  EXPECT_EQ(compared(spec_of(worker(), ""), running(spec_of(worker()))), "");
}

TEST(ServicesCompare, LimitsInForceCountMoreThanLabels) {
  const Spec old = spec_of(worker());
  ServiceSettings changed = worker();
  changed.resources.memory = 1 << 30;
  Container container = running(old);
  container.limits = limits_of(worker().resources, 256);
  EXPECT_EQ(compared(spec_of(changed), container), "resources.memory: 512MiB -> 1GiB (repair)\n");
  container.limits = limits_of(changed.resources, 256);
  EXPECT_EQ(compared(spec_of(changed), container), "") << "already repaired, whatever the labels say";
  container.limits.reset();
  EXPECT_EQ(compared(spec_of(changed), container), "resources.memory: 512MiB -> 1GiB (recreate)\n");
}

TEST(ServicesCompare, DriftIsRepairedOrReported) {
  EXPECT_EQ(after([](Container& c) { c.networks.clear(); }), "networks.mcp_platform_network:  -> connected (repair)\n");
  EXPECT_EQ(after([](Container& c) { c.networks["podman"] = "10.88.0.2"; }), "networks.podman: connected ->  (repair)\n");
  EXPECT_EQ(after([](Container& c) { c.status = Status::kPaused; }), "status: paused -> running (repair)\n");
  EXPECT_EQ(after([](Container& c) { c.name = "renamed"; }), "name: renamed -> mcp-worker-1-1 (report)\n");
  EXPECT_EQ(after([](Container& c) { c.restart_policy = "always"; }), "restart_policy: always -> no (report)\n");
  EXPECT_EQ(after([](Container& c) { c.fields = {{"user", "root"}, {"read_only", "false"}}; }),
            "read_only: false ->  (report)\nuser: root ->  (report)\n");
}

TEST(ServicesCompare, DriftMayBeLeftAlone) {
  ServiceSettings settings = worker();
  settings.drift = {Drift::kReport, Drift::kReport, Drift::kReport};
  const Spec spec = spec_of(settings);
  Container container = running(spec);
  container.networks.clear();
  container.status = Status::kPaused;
  container.limits = limits_of({}, 256);
  for (const Difference& one : compare(spec, container, "mcp-worker-1-1")) EXPECT_EQ(one.remedy, Remedy::kReport) << one.path;
}

TEST(ServicesCompare, DamagedLabelsNeedANewContainer) {
  const Spec spec = spec_of(worker());
  EXPECT_EQ(after([](Container& c) { c.labels["io.gatehouse.spec"] = "{"; }),
            "hash: " + spec.hash + " -> " + spec.hash + " (recreate)\n");
  EXPECT_EQ(after([](Container& c) { c.labels["io.gatehouse.hash"] = "v1:other"; }),
            "hash: v1:other -> " + spec.hash + " (recreate)\n");
  EXPECT_EQ(after([](Container& c) { c.labels["io.gatehouse.hash"] = ""; }), "hash:  -> " + spec.hash + " (recreate)\n");
  EXPECT_EQ(after([](Container& c) { c.labels.clear(); }), "hash:  -> " + spec.hash + " (recreate)\n");
}

// Another version of the daemon hashed otherwise; when the fields are the same, nothing has changed.
TEST(ServicesCompare, AnotherHashSchemeReplacesNothing) {
  EXPECT_EQ(after([](Container& c) { c.labels["io.gatehouse.hash"] = "v9:other"; }), "");
}

}  // namespace
}  // namespace gatehouse::services
