// Limits and usage from cgroup files (Q1, Q3, R15, R31).
#include "gatehouse/services/cgroup.h"

#include <gtest/gtest.h>

#include "gatehouse/services/compare.h"

namespace gatehouse::services {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
const Resources kAsked{500, 512 * kMiB, 250, 128 * kMiB, 256};

const CgroupFiles kV2 = {{"memory.max", "536870912\n"}, {"memory.low", "134217728\n"}, {"cpu.max", "50000 100000\n"},
                         {"cpu.weight", "10\n"},        {"pids.max", "256\n"}};
const CgroupFiles kV1 = {{"memory.limit_in_bytes", "536870912\n"}, {"memory.soft_limit_in_bytes", "134217728\n"},
                         {"cpu.cfs_quota_us", "50000\n"},          {"cpu.cfs_period_us", "100000\n"},
                         {"cpu.shares", "256\n"},                  {"pids.max", "256\n"}};

std::string differences(const Resources& asked, const CgroupFiles& files, CgroupVersion version) {
  std::string out;
  for (const Difference& one : compare_limits(asked, read_limits(files, version)))
    out += one.path + " " + one.observed + "->" + one.desired + "; ";
  return out;
}

CgroupFiles with(CgroupFiles files, const std::string& name, const std::string& text) {
  files[name] = text;
  return files;
}

TEST(ServicesCgroup, WhatWasAskedIsInForce) {
  EXPECT_EQ(differences(kAsked, kV2, CgroupVersion::kV2), "");
  EXPECT_EQ(differences(kAsked, kV1, CgroupVersion::kV1), "");
}

TEST(ServicesCgroup, EveryLimitThatDiffersIsTold) {
  EXPECT_EQ(differences(kAsked, with(kV2, "memory.max", "max\n"), CgroupVersion::kV2), "resources.memory ->512MiB; ");
  EXPECT_EQ(differences(kAsked, with(kV2, "memory.max", "536866816\n"), CgroupVersion::kV2), "") << "whole pages";
  EXPECT_EQ(differences(kAsked, with(kV2, "memory.max", "536875008\n"), CgroupVersion::kV2),
            "resources.memory 524292KiB->512MiB; ");
  EXPECT_EQ(differences(kAsked, with(kV2, "memory.low", "0\n"), CgroupVersion::kV2), "resources.reserve_memory ->128MiB; ");
  EXPECT_EQ(differences(kAsked, with(kV2, "cpu.max", "max 100000\n"), CgroupVersion::kV2), "resources.cpus ->0.5; ");
  EXPECT_EQ(differences(kAsked, with(kV2, "cpu.max", "25000 50000\n"), CgroupVersion::kV2), "");
  EXPECT_EQ(differences(kAsked, with(kV2, "cpu.weight", "100\n"), CgroupVersion::kV2),
            "resources.reserve_cpus weight 100->0.25; ");
  EXPECT_EQ(differences(kAsked, with(kV2, "pids.max", "max\n"), CgroupVersion::kV2), "resources.pids ->256; ");
  EXPECT_EQ(differences(kAsked, with(kV1, "memory.limit_in_bytes", "9223372036854771712\n"), CgroupVersion::kV1),
            "resources.memory ->512MiB; ");
  EXPECT_EQ(differences(kAsked, with(kV1, "cpu.cfs_quota_us", "-1\n"), CgroupVersion::kV1), "resources.cpus ->0.5; ");
  EXPECT_EQ(differences(kAsked, with(kV1, "cpu.shares", "1024\n"), CgroupVersion::kV1),
            "resources.reserve_cpus 1024 shares->0.25; ");
}

TEST(ServicesCgroup, NothingAskedIsNothingInForce) {
  const CgroupFiles v2 = {{"memory.max", "max\n"},
                          {"memory.low", "0\n"},
                          {"cpu.max", "max 100000\n"},
                          {"cpu.weight", "100\n"},
                          {"pids.max", "max\n"}};
  EXPECT_EQ(differences({0, 0, 0, 0, 0}, v2, CgroupVersion::kV2), "");
  EXPECT_EQ(differences({0, 0, 0, 0, 0}, with(v2, "memory.max", "4096\n"), CgroupVersion::kV2), "resources.memory 4KiB->; ");
}

TEST(ServicesCgroup, WhatCannotBeReadDoesNotDiffer) {
  EXPECT_EQ(differences(kAsked, {}, CgroupVersion::kV2), "");
  EXPECT_EQ(differences(kAsked, {}, CgroupVersion::kV1), "");
  const CgroupFiles broken = {
      {"memory.max", "x"}, {"cpu.max", "50000"}, {"cpu.weight", ""}, {"pids.max", "-"}, {"memory.low", "1 2"}};
  EXPECT_EQ(differences(kAsked, broken, CgroupVersion::kV2), "");
  EXPECT_FALSE(read_limits(with(kV2, "cpu.max", "50000 0\n"), CgroupVersion::kV2).milli_cpus);
  EXPECT_FALSE(read_limits(with(kV1, "cpu.cfs_period_us", "0"), CgroupVersion::kV1).milli_cpus);
}

TEST(ServicesCgroup, SharesBecomeWeightsInTwoWays) {
  EXPECT_EQ(shares_of(500), 512);
  EXPECT_EQ(shares_of(0), 1024);
  EXPECT_EQ(shares_of(1), 2);
  EXPECT_TRUE(is_weight_of_shares(20, 512));
  EXPECT_TRUE(is_weight_of_shares(59, 512));
  EXPECT_FALSE(is_weight_of_shares(100, 512));
  EXPECT_TRUE(is_weight_of_shares(39, 1024));
  EXPECT_TRUE(is_weight_of_shares(100, 1024));
  EXPECT_TRUE(is_weight_of_shares(1, 2));
  EXPECT_TRUE(is_weight_of_shares(10'000, 262'144));
}

TEST(ServicesCgroup, UsageIsReadInBothVersions) {
  const Usage v2 = read_usage({{"memory.current", "1000\n"},
                               {"memory.stat", "anon 5\ninactive_file 300\nactive_file 2\n"},
                               {"cpu.stat", "usage_usec 77\nnr_periods 9\nnr_throttled 4\n"},
                               {"pids.current", "3\n"},
                               {"memory.events", "low 0\noom 2\noom_kill 1\noom_group_kill 0\n"}},
                              CgroupVersion::kV2);
  EXPECT_EQ(v2.memory, 700);
  EXPECT_EQ(v2.cpu_usec, 77);
  EXPECT_EQ(v2.throttled, 4);
  EXPECT_EQ(v2.pids, 3);
  EXPECT_EQ(v2.oom_kills, 1);
  const Usage v1 = read_usage({{"memory.usage_in_bytes", "1000\n"},
                               {"memory.stat", "inactive_file 1\ntotal_inactive_file 1300\n"},
                               {"cpuacct.usage", "5000\n"},
                               {"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"}},
                              CgroupVersion::kV1);
  EXPECT_EQ(v1.memory, 0);
  EXPECT_EQ(v1.cpu_usec, 5);
  EXPECT_EQ(v1.oom_kills, 2);
  EXPECT_FALSE(v1.pids);
  EXPECT_FALSE(v1.throttled);
}

}  // namespace
}  // namespace gatehouse::services
