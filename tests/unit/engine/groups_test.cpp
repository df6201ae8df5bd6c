#include "groups.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fakes/scratch_directory.h"

namespace gatehouse::engine {

namespace {

constexpr std::string_view kV1 =
    "8:pids:/libpod_parent/libpod-28a7\n4:memory:/libpod_parent/libpod-28a7\n2:cpu,cpuacct:/libpod_parent/libpod-28a7\n0::/\n";

TEST(EngineGroups, OfVersion1AreOnePerController) {
  const auto groups = groups_of(kV1, "28a7", "/cg", false);
  ASSERT_TRUE(groups);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(groups->directories, (Pairs{{"pids", "/cg/pids/libpod_parent/libpod-28a7"},
                                        {"memory", "/cg/memory/libpod_parent/libpod-28a7"},
                                        {"cpu", "/cg/cpu,cpuacct/libpod_parent/libpod-28a7"},
                                        {"cpuacct", "/cg/cpu,cpuacct/libpod_parent/libpod-28a7"}}));
}

TEST(EngineGroups, OfVersion2IsThatOfTheContainerAndNotOneBelow) {
  const auto groups = groups_of("0::/machine.slice/libpod-28a7.scope/container\n", "28a7", "/cg", true);
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->directories.at(0).second, "/cg/machine.slice/libpod-28a7.scope");
}

TEST(EngineGroups, OfAnotherProcessWithThatNumberAreNotTaken) {
  EXPECT_FALSE(groups_of("0::/user.slice\n", "28a7", "/cg", true));
  EXPECT_FALSE(groups_of(kV1, "ffff", "/cg", false));
  EXPECT_FALSE(groups_of("", "28a7", "/cg", false));
  EXPECT_FALSE(groups_of("garbage", "", "/cg", true));
}

TEST(EngineGroups, TellLimitsAndKills) {
  const fakes::ScratchDirectory scratch;
  const std::string memory = scratch.path() + "/memory/libpod-28a7", pids = scratch.path() + "/pids/libpod-28a7";
  std::filesystem::create_directories(memory);
  std::filesystem::create_directories(pids);
  std::ofstream(memory + "/memory.limit_in_bytes") << "67108864\n";
  std::ofstream(memory + "/memory.oom_control") << "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
  std::ofstream(pids + "/pids.max") << "512\n";
  const auto groups = groups_of("4:memory:/libpod-28a7\n8:pids:/libpod-28a7\n", "28a7", scratch.path(), false);
  ASSERT_TRUE(groups);
  EXPECT_EQ(limits_in(*groups).memory, 67108864);
  EXPECT_EQ(limits_in(*groups).pids, 512);
  EXPECT_FALSE(limits_in(*groups).milli_cpus);
  EXPECT_EQ(usage_in(*groups).oom_kills, 2);
}

}  // namespace

}  // namespace gatehouse::engine
