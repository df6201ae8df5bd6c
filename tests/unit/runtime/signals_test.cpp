#include "gatehouse/runtime/signals.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <vector>

namespace gatehouse::runtime {
namespace {

using namespace std::chrono_literals;

TEST(Signals, ArriveOnTheLoopInOrderOfDelivery) {
  Loop loop(system_clock());
  std::vector<int> seen;
  const Signals signals(loop, {SIGUSR1, SIGUSR2}, [&](int number) { seen.push_back(number); });
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  EXPECT_TRUE(seen.empty()) << "not inside the handler";
  loop.run_for_test(1ms);
  EXPECT_EQ(seen, (std::vector{SIGUSR1, SIGUSR2}));
  ::raise(SIGUSR1);
  loop.run_for_test(1ms);
  EXPECT_EQ(seen.size(), 3u);
}

TEST(Signals, WakeALoopThatSleeps) {
  Loop loop(system_clock());
  const Signals signals(loop, {SIGUSR1}, [&](int) { loop.stop(); });
  loop.post([] { ::raise(SIGUSR1); });
  loop.run();
}

TEST(Signals, AreIgnoredAfterwards) {
  Loop loop(system_clock());
  {
    const Signals signals(loop, {SIGUSR1}, [](int) {});
  }
  ::raise(SIGUSR1);  // would end the test by default
  std::vector<int> seen;
  const Signals again(loop, {SIGUSR1}, [&](int number) { seen.push_back(number); });
  loop.run_for_test(1ms);
  EXPECT_TRUE(seen.empty());
}

}  // namespace
}  // namespace gatehouse::runtime
