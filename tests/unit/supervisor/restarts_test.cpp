// Restart policy, backoff and exits (B1 to B4, T5, Q3).
#include "restarts.h"

#include <gtest/gtest.h>

namespace gatehouse::supervisor {
namespace {

using namespace std::chrono_literals;
using runtime::SteadyTime;
using services::RestartPolicy;
using services::RestartSettings;
using State = Restarts::State;

Exit failed(int code = 1) { return {.code = code}; }

// A container that ends right after each start, with time moving as the machine wants.
struct Failing {
  explicit Failing(RestartSettings settings = {}) : restarts(settings) {}

  // How long the machine waits after this end.
  std::chrono::milliseconds end(const Exit& exit = failed(), double random = 0.5, std::chrono::milliseconds ran = 0ms) {
    restarts.started(now);
    now += ran;
    restarts.exited(exit, now, random);
    const auto next = restarts.next_try();
    const auto wait = next ? std::chrono::duration_cast<std::chrono::milliseconds>(*next - now) : 0ms;
    now += wait;
    restarts.poll(now);
    return wait;
  }

  SteadyTime now{1000s};
  Restarts restarts;
};

TEST(SupervisorRestarts, WaitsDoubleUpToALimit) {
  Failing container;
  EXPECT_EQ(container.end(), 0ms) << "the first restart is immediate";
  for (const auto expected :
       {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 12'800ms, 25'600ms, 51'200ms, 60'000ms, 60'000ms})
    EXPECT_EQ(container.end(), expected);
  EXPECT_EQ(container.restarts.count(), 13);
  for (int i = 0; i < 1000; ++i) container.end();
  EXPECT_EQ(container.end(), 60'000ms);
}

TEST(SupervisorRestarts, JitterStretchesAndShrinks) {
  for (const auto& [random, expected] : {std::pair(0.0, 80ms), {0.5, 100ms}, {0.999999, 119ms}}) {
    Failing container;
    container.end();
    EXPECT_EQ(container.end(failed(), random), expected);
  }
}

TEST(SupervisorRestarts, NothingStartsBeforeItsTime) {
  Failing container;
  container.end();
  container.restarts.started(container.now);
  container.restarts.exited(failed(), container.now, 0.5);
  EXPECT_EQ(container.restarts.state(), State::kWaiting);
  container.restarts.poll(container.now + 99ms);
  EXPECT_EQ(container.restarts.state(), State::kWaiting);
  EXPECT_EQ(container.restarts.next(), container.now + 100ms);
  container.restarts.poll(container.now + 100ms);
  EXPECT_EQ(container.restarts.state(), State::kReady);
  EXPECT_FALSE(container.restarts.next());
}

TEST(SupervisorRestarts, ARunThatLastsBeginsAnew) {
  Failing container;
  for (int i = 0; i < 8; ++i) container.end();
  EXPECT_TRUE(container.restarts.crash_loop());
  EXPECT_EQ(container.end(failed(), 0.5, 9'999ms), 12'800ms);
  EXPECT_TRUE(container.restarts.crash_loop());
  EXPECT_EQ(container.end(failed(), 0.5, 10'000ms), 0ms);
  EXPECT_FALSE(container.restarts.crash_loop());
  EXPECT_EQ(container.end(), 100ms);
}

TEST(SupervisorRestarts, ARunIsSeenToLastWhileItRuns) {
  Failing container;
  for (int i = 0; i < 6; ++i) container.end();
  container.restarts.started(container.now);
  EXPECT_EQ(container.restarts.next(), container.now + 10s);
  container.restarts.poll(container.now + 9s);
  EXPECT_TRUE(container.restarts.crash_loop());
  container.restarts.poll(container.now + 10s);
  EXPECT_FALSE(container.restarts.crash_loop());
  EXPECT_FALSE(container.restarts.next());
}

TEST(SupervisorRestarts, FiveExitsInTwoMinutesAreACrashLoop) {
  RestartSettings settings;
  settings.first = 40s;
  settings.max = 40s;
  Failing slow(settings);
  for (int i = 0; i < 20; ++i) slow.end(failed(), 0.5, 1s);
  EXPECT_FALSE(slow.restarts.crash_loop()) << "four in any two minutes";
  settings.first = settings.max = 29s;
  Failing fast(settings);
  for (int i = 0; i < 4; ++i) fast.end(failed(), 0.5, 1s);
  EXPECT_FALSE(fast.restarts.crash_loop());
  fast.end(failed(), 0.5, 1s);
  EXPECT_TRUE(fast.restarts.crash_loop());
}

TEST(SupervisorRestarts, Policies) {
  const auto outcome = [](RestartPolicy policy, const Exit& exit) {
    RestartSettings settings;
    settings.policy = policy;
    Failing container(settings);
    container.end(exit);
    return container.restarts.state();
  };
  EXPECT_EQ(outcome(RestartPolicy::kAlways, failed(0)), State::kReady);
  EXPECT_EQ(outcome(RestartPolicy::kUnlessStopped, failed(0)), State::kReady);
  EXPECT_EQ(outcome(RestartPolicy::kOnFailure, failed(0)), State::kCompleted);
  EXPECT_EQ(outcome(RestartPolicy::kOnFailure, failed(3)), State::kReady);
  EXPECT_EQ(outcome(RestartPolicy::kNo, failed(0)), State::kCompleted);
  EXPECT_EQ(outcome(RestartPolicy::kNo, failed(3)), State::kFailed);
  for (const RestartPolicy policy :
       {RestartPolicy::kAlways, RestartPolicy::kOnFailure, RestartPolicy::kNo, RestartPolicy::kUnlessStopped})
    EXPECT_EQ(outcome(policy, failed(127)), State::kFailed) << "no restart brings a program into an image";
}

TEST(SupervisorRestarts, OnFailureGivesUpAfterItsAttempts) {
  RestartSettings settings;
  settings.policy = RestartPolicy::kOnFailure;
  settings.attempts = 3;
  Failing container(settings);
  for (int i = 0; i < 3; ++i) container.end();
  EXPECT_EQ(container.restarts.state(), State::kReady);
  container.end();
  EXPECT_EQ(container.restarts.state(), State::kFailed);
  container.restarts.forget();
  EXPECT_EQ(container.restarts.state(), State::kReady);
  EXPECT_EQ(container.end(), 0ms);
}

TEST(SupervisorRestarts, AnEndThatWasAskedForIsNoFailure) {
  Failing container;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(container.end({.code = 137, .asked = true}), 0ms);
  EXPECT_FALSE(container.restarts.crash_loop());
  EXPECT_EQ(container.restarts.count(), 0);
}

TEST(SupervisorRestarts, SomebodyMayNotWantToWait) {
  Failing container;
  container.end();
  container.restarts.started(container.now);
  container.restarts.exited(failed(), container.now, 0.5);
  container.restarts.retry_now();
  EXPECT_EQ(container.restarts.state(), State::kReady);
  EXPECT_EQ(container.end(), 200ms) << "the backoff goes on";
  container.end(failed(127));
  container.restarts.retry_now();
  EXPECT_EQ(container.restarts.state(), State::kReady);
}

TEST(SupervisorExit, KindsAndSentences) {
  const std::pair<Exit, const char*> cases[] = {
      {{.code = 0, .ran = 90'500ms}, "it ended with code 0 after 90s"},
      {{.code = 3, .ran = 250ms}, "it failed with code 3 after 250ms"},
      {{.code = 255, .ran = 0ms}, "it failed with code 255 after 0ms"},
      {{.code = 125}, "the container could not be set up (code 125)"},
      {{.code = 126}, "its program cannot be executed (code 126)"},
      {{.code = 127}, "its program is not in the image (code 127)"},
      {{.code = 139, .ran = 60s}, "it was ended by SIGSEGV (it crashed) after 1m"},
      {{.code = 137, .ran = 5s}, "it was ended by SIGKILL (somebody killed it) after 5s"},
      {{.code = 141, .ran = 5s}, "it was ended by SIGPIPE after 5s"},
      {{.code = 162, .ran = 5s}, "it was ended by signal 34 after 5s"},
      {{.code = 137, .out_of_memory = true, .ran = 5s, .memory_limit = 512 << 20},
       "the kernel killed it for want of memory at its limit of 512MiB after 5s"},
      {{.code = 1, .out_of_memory = true, .ran = 5s}, "the kernel killed it for want of memory after 5s"},
      {{.code = 0, .out_of_memory = true, .ran = 5s}, "it ended with code 0 after 5s"},
      {{.code = 143, .asked = true}, "it was stopped"},
      {{.code = 137, .asked = true, .grace = 10s}, "it was killed, for it did not stop within 10s"},
      {{.code = 137, .out_of_memory = true, .asked = true}, "it was stopped"},
      {{.code = 1, .ran = -5ms}, "it failed with code 1 after 0ms"},
  };
  for (const auto& [exit, text] : cases) EXPECT_EQ(describe(exit), text);
}

}  // namespace
}  // namespace gatehouse::supervisor
