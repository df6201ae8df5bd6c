#include "gatehouse/runtime/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

#include "fakes/manual_clock.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::runtime {
namespace {

using namespace std::chrono_literals;

struct Pair {
  UniqueFd a, b;
};

Pair socket_pair() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

class LoopTest : public ::testing::Test {
 protected:
  fakes::ManualClock clock_;
  Loop loop_{clock_};
  TaskGroup group_;
};

Task<int> add(int a, int b) { co_return a + b; }
Task<void> store_sum(int* out) { *out = co_await add(2, co_await add(3, 4)); }

TEST_F(LoopTest, TasksReturnValuesToTheirParents) {
  int sum = 0;
  group_.spawn(store_sum(&sum));
  EXPECT_EQ(sum, 9);
  EXPECT_EQ(group_.size(), 0u);
}

Task<void> wait_readable(Loop& loop, int fd, int* wakes) {
  Waiter waiter(loop);
  Descriptor descriptor(loop, UniqueFd(::dup(fd)), &waiter);
  while (!descriptor.readable()) {
    co_await waiter.wait();
    ++*wakes;
  }
}

TEST_F(LoopTest, DescriptorWakesItsCoroutineWhenBytesArrive) {
  Pair pair = socket_pair();
  int wakes = 0;
  group_.spawn(wait_readable(loop_, pair.a.get(), &wakes));
  loop_.run_for_test(1ms);
  EXPECT_EQ(group_.size(), 1u);
  ASSERT_EQ(::write(pair.b.get(), "x", 1), 1);
  loop_.run_for_test(1ms);
  EXPECT_EQ(group_.size(), 0u);
  EXPECT_GE(wakes, 1);
}

TEST_F(LoopTest, HangupIsSeenWithoutReading) {
  Pair pair = socket_pair();
  Waiter waiter(loop_);
  Descriptor descriptor(loop_, std::move(pair.a), &waiter);
  loop_.run_for_test(1ms);
  EXPECT_FALSE(descriptor.hangup());
  pair.b.reset();
  loop_.run_for_test(1ms);
  EXPECT_TRUE(descriptor.hangup());
  EXPECT_TRUE(descriptor.readable());
}

struct SetOnDestruction {
  bool* flag;
  ~SetOnDestruction() { *flag = true; }
};

Task<void> sleep_forever(Loop& loop, bool* destroyed) {
  const SetOnDestruction guard{destroyed};
  Waiter waiter(loop);
  for (;;) co_await waiter.wait();
}

Task<void> nest(Loop& loop, bool* destroyed) { co_await sleep_forever(loop, destroyed); }

TEST_F(LoopTest, StoppingTheGroupDestroysSuspendedFramesAndTheirChildren) {
  bool destroyed = false;
  group_.spawn(nest(loop_, &destroyed));
  loop_.run_for_test(1ms);
  EXPECT_FALSE(destroyed);
  group_.stop();
  EXPECT_TRUE(destroyed);
  EXPECT_EQ(group_.size(), 0u);
}

Task<void> wait_timer(Loop& loop, Duration delay, int* order, int* counter) {
  Waiter waiter(loop);
  Timer timer(waiter);
  timer.arm(delay);
  while (!timer.expired()) co_await waiter.wait();
  *order = ++*counter;
}

TEST_F(LoopTest, TimersFireInOrderAndNotEarly) {
  std::array<int, 4> order{};
  int counter = 0;
  group_.spawn(wait_timer(loop_, 10s, &order[0], &counter));
  group_.spawn(wait_timer(loop_, 100ms, &order[1], &counter));
  group_.spawn(wait_timer(loop_, 90s, &order[2], &counter));  // beyond one turn of the wheel
  group_.spawn(wait_timer(loop_, 0s, &order[3], &counter));
  clock_.advance(99ms);
  loop_.run_for_test(1ms);
  EXPECT_EQ(order, (std::array{0, 0, 0, 1}));
  clock_.advance(51ms);
  loop_.run_for_test(1ms);
  EXPECT_EQ(order, (std::array{0, 2, 0, 1}));
  for (int i = 0; i < 9; ++i) {
    clock_.advance(1s);
    loop_.run_for_test(0ms);
  }
  EXPECT_EQ(order[0], 0);
  clock_.advance(1s);
  loop_.run_for_test(1ms);
  EXPECT_EQ(order[0], 3);
  EXPECT_EQ(order[2], 0);
  clock_.advance(1h);  // a suspended machine
  loop_.run_for_test(1ms);
  EXPECT_EQ(order[2], 4);
}

TEST_F(LoopTest, RearmingLaterAndEarlierBothHold) {
  Waiter waiter(loop_);
  Timer timer(waiter);
  timer.arm(1s);
  timer.arm(5s);
  clock_.advance(2s);
  loop_.run_for_test(1ms);
  EXPECT_FALSE(timer.expired());
  timer.arm(100ms);
  clock_.advance(200ms);
  loop_.run_for_test(1ms);
  EXPECT_TRUE(timer.expired());
  timer.arm(1s);
  EXPECT_FALSE(timer.expired());
  timer.disarm();
  clock_.advance(10s);
  loop_.run_for_test(1ms);
  EXPECT_FALSE(timer.expired());
}

TEST_F(LoopTest, ANotificationBeforeTheWaitIsNotLost) {
  Waiter waiter(loop_);
  waiter.notify();
  bool done = false;
  const auto body = [](Waiter& w, bool* out) -> Task<void> {
    co_await w.wait();
    *out = true;
  };
  group_.spawn(body(waiter, &done));
  EXPECT_TRUE(done);
}

Task<void> ping(Waiter& mine, Waiter& other, int* rounds) {
  for (;;) {
    co_await mine.wait();
    ++*rounds;
    other.notify();
  }
}

TEST_F(LoopTest, CoroutinesThatWakeEachOtherDoNotStarveTheLoop) {
  Waiter a(loop_), b(loop_);
  int rounds = 0;
  group_.spawn(ping(a, b, &rounds));
  group_.spawn(ping(b, a, &rounds));
  a.notify();
  bool stopped = false;
  loop_.post([&] { stopped = true; });
  loop_.run_for_test(2ms);  // returns at all
  EXPECT_TRUE(stopped);
  EXPECT_GT(rounds, 2);
  group_.stop();
}

TEST(LoopRun, PostedWorkRunsInOrderAndWakesALoopThatSleeps) {
  Loop loop(system_clock());
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.post([&loop] { loop.stop(); });
  });
  loop.run();
  other.join();
  ASSERT_EQ(order.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(LoopRun, AStopBeforeTheRunIsNotLost) {
  Loop loop(system_clock());
  loop.stop();
  loop.run();
  bool ran = false;
  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();
  EXPECT_TRUE(ran) << "the earlier stop is used up";
}

TEST(LoopRun, SleepsUntilATimerIsDue) {
  Loop loop(system_clock());
  TaskGroup group;
  int order = 0, counter = 0;
  const auto stop_after = [](Loop& own, Duration delay) -> Task<void> {
    Waiter waiter(own);
    Timer timer(waiter);
    timer.arm(delay);
    while (!timer.expired()) co_await waiter.wait();
    own.stop();
  };
  group.spawn(wait_timer(loop, 10ms, &order, &counter));
  group.spawn(stop_after(loop, 200ms));
  loop.run();
  EXPECT_EQ(order, 1);
}

Task<void> compute(OffloadPool& pool, Loop& loop, std::optional<int>* out) {
  *out = co_await offload(pool, loop, [] { return 42; });
  loop.stop();
}

TEST(Offload, ResultArrivesOnTheLoop) {
  Loop loop(system_clock());
  OffloadPool pool(1);
  TaskGroup group;
  std::optional<int> result;
  group.spawn(compute(pool, loop, &result));
  loop.run();
  EXPECT_EQ(result, 42);
}

Task<void> compute_slowly(OffloadPool& pool, Loop& loop, std::mutex& gate, bool* resumed) {
  co_await offload(pool, loop, [&gate] {
    const std::lock_guard lock(gate);
    return 1;
  });
  *resumed = true;
}

TEST(Offload, ADestroyedCoroutineIsNotResumed) {
  Loop loop(system_clock());
  std::mutex gate;
  bool resumed = false;
  {
    OffloadPool pool(1);
    TaskGroup group;
    std::unique_lock held(gate);
    group.spawn(compute_slowly(pool, loop, gate, &resumed));
    group.stop();
    held.unlock();
  }
  loop.run_for_test(1ms);
  EXPECT_FALSE(resumed);
}

TEST(Offload, AFullQueueAnswersNothing) {
  Loop loop(system_clock());
  OffloadPool pool(0, 1);
  EXPECT_TRUE(pool.submit([] {}));
  TaskGroup group;
  std::optional<int> result = 7;
  group.spawn(compute(pool, loop, &result));
  EXPECT_EQ(result, std::nullopt);
}

}  // namespace
}  // namespace gatehouse::runtime
