// The rules of H2, H3, H5 to H7 and R16, one test per rule.
#include "gatehouse/health/monitor.h"

#include <gtest/gtest.h>

#include <map>

namespace gatehouse::health {
namespace {

using namespace std::chrono_literals;
using runtime::SteadyTime;
using Verdict = Outcome::Verdict;

const Outcome kPassed{Verdict::kPassed, {}};
const Outcome kFailed{Verdict::kFailed, "answered 503"};
const Outcome kCannotAsk{Verdict::kCannotAsk, "Podman does not answer"};

Settings settings() {
  Settings out;
  out.probe.kind = Kind::kTcp;
  out.interval = 10s;
  out.timeout = 5s;
  out.start_period = 30s;
  out.start_interval = 1s;
  out.retries = 3;
  out.rise = 2;
  out.restart = {.failures = 5, .budget = 2, .window = 600s};
  return out;
}

// Runs a monitor from one event to the next, answering each probe at once.
struct Patient {
  explicit Patient(Settings s = settings(), double spread = 0) : monitor(std::move(s), spread) { monitor.started(now); }

  void answer(const Outcome& outcome) {
    now = *monitor.next();
    const Due due = monitor.poll(now);
    ASSERT_NE(due.send, 0u);
    ASSERT_TRUE(monitor.answer(due.send, outcome, now));
  }
  void answer(int times, const Outcome& outcome) {
    for (int i = 0; i < times; ++i) answer(outcome);
  }
  void make_healthy() {
    answer(kPassed);
    ASSERT_EQ(monitor.state(), State::kHealthy);
  }

  SteadyTime now{1000s};
  Monitor monitor;
};

TEST(HealthMonitor, FailuresInTheStartPeriodDoNotCount) {
  Patient patient;
  patient.answer(30, kFailed);  // one a second
  EXPECT_EQ(patient.now, SteadyTime(1029s));
  EXPECT_EQ(patient.monitor.state(), State::kStarting);
  EXPECT_EQ(patient.monitor.failures(), 0);
  patient.answer(2, kFailed);
  EXPECT_EQ(patient.monitor.state(), State::kStarting);
  EXPECT_EQ(patient.monitor.failures(), 2);
  patient.answer(kFailed);
  EXPECT_EQ(patient.monitor.state(), State::kUnhealthy);
  EXPECT_EQ(patient.monitor.detail(), "answered 503");
}

TEST(HealthMonitor, AProbeSentInTheStartPeriodDoesNotCountWhenItFailsLater) {
  Settings s = settings();
  s.start_period = 2s;
  Patient patient(s);
  patient.answer(kFailed);
  const Due due = patient.monitor.poll(patient.now + 1s);
  ASSERT_TRUE(patient.monitor.answer(due.send, kFailed, patient.now + 4s));
  EXPECT_EQ(patient.monitor.failures(), 0);
}

TEST(HealthMonitor, TheFirstSuccessEndsTheStartPeriod) {
  Patient patient;
  patient.make_healthy();
  patient.answer(2, kFailed);
  EXPECT_EQ(patient.monitor.state(), State::kHealthy);
  patient.answer(kFailed);
  EXPECT_EQ(patient.monitor.state(), State::kUnhealthy);
  EXPECT_LT(patient.now, SteadyTime(1031s));  // still inside what was the period
}

TEST(HealthMonitor, OnlyConsecutiveFailuresFlip) {
  Patient patient;
  patient.make_healthy();
  for (int i = 0; i < 5; ++i) {
    patient.answer(2, kFailed);
    patient.answer(kPassed);
  }
  EXPECT_EQ(patient.monitor.state(), State::kHealthy);
}

TEST(HealthMonitor, RecoveryTakesSeveralSuccesses) {
  Patient patient;
  patient.make_healthy();
  patient.answer(3, kFailed);
  patient.answer(kPassed);
  EXPECT_EQ(patient.monitor.state(), State::kUnhealthy);
  patient.answer(kFailed);
  patient.answer(kPassed);
  EXPECT_EQ(patient.monitor.state(), State::kUnhealthy);
  patient.answer(kPassed);
  EXPECT_EQ(patient.monitor.state(), State::kHealthy);
}

TEST(HealthMonitor, AHungProbeFailsAtItsDeadlineAndBlocksNothing) {
  Patient patient;
  patient.make_healthy();
  const SteadyTime sent = *patient.monitor.next();
  const Due first = patient.monitor.poll(sent);
  EXPECT_EQ(patient.monitor.next(), sent + 5s);
  EXPECT_EQ(patient.monitor.poll(sent + 4999ms).give_up, 0u);
  const Due due = patient.monitor.poll(sent + 5s);
  EXPECT_EQ(due.give_up, first.send);
  EXPECT_EQ(due.send, 0u);
  EXPECT_EQ(patient.monitor.failures(), 1);
  EXPECT_EQ(patient.monitor.detail(), "no answer within 5s");
  EXPECT_FALSE(patient.monitor.answer(first.send, kPassed, sent + 6s)) << "too late";
  EXPECT_EQ(patient.monitor.failures(), 1);
  EXPECT_EQ(patient.monitor.next(), sent + 10s);
  EXPECT_NE(patient.monitor.poll(sent + 10s).send, 0u);
}

TEST(HealthMonitor, ATimeoutLongerThanTheIntervalStillLeavesOneProbeAtATime) {
  Settings s = settings();
  s.interval = 2s;
  s.start_period = 0s;
  Patient patient(s);
  const Due first = patient.monitor.poll(patient.now);
  const Due second = patient.monitor.poll(patient.now + 5s);
  EXPECT_EQ(second.give_up, first.send);
  EXPECT_EQ(second.send, first.send + 1);
}

TEST(HealthMonitor, WhoCannotAskKnowsNothing) {
  Patient patient;
  patient.make_healthy();
  patient.answer(2, kFailed);
  patient.answer(20, kCannotAsk);
  EXPECT_EQ(patient.monitor.state(), State::kUnknown);
  EXPECT_TRUE(patient.monitor.good()) << "as it was";
  EXPECT_EQ(patient.monitor.failures(), 2);
  EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
  patient.answer(kPassed);
  EXPECT_EQ(patient.monitor.state(), State::kHealthy);
}

TEST(HealthMonitor, UnknownNeverRestarts) {
  Patient patient;
  patient.make_healthy();
  patient.answer(5, kFailed);
  EXPECT_TRUE(patient.monitor.wants_restart(patient.now));
  patient.answer(kCannotAsk);
  EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
}

TEST(HealthMonitor, RestartsWithinItsBudget) {
  Patient patient;
  for (int restart = 0; restart < 2; ++restart) {
    patient.monitor.started(patient.now);
    patient.make_healthy();
    patient.answer(4, kFailed);
    EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
    patient.answer(kFailed);
    ASSERT_TRUE(patient.monitor.wants_restart(patient.now));
    patient.monitor.restarted(patient.now);
  }
  patient.monitor.started(patient.now);
  patient.make_healthy();
  patient.answer(5, kFailed);
  EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
  EXPECT_TRUE(patient.monitor.degraded());
  EXPECT_TRUE(patient.monitor.wants_restart(patient.now + 600s)) << "the window has moved on";
  EXPECT_FALSE(patient.monitor.degraded());
}

TEST(HealthMonitor, ZeroFailuresMeansNeverRestart) {
  Settings s = settings();
  s.restart.failures = 0;
  Patient patient(s);
  patient.make_healthy();
  patient.answer(50, kFailed);
  EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
  EXPECT_FALSE(patient.monitor.degraded());
}

TEST(HealthMonitor, FewerFailuresThanMakeUnhealthyDoNotRestart) {
  Settings s = settings();
  s.restart.failures = 1;
  Patient patient(s);
  patient.make_healthy();
  patient.answer(3, kFailed);
  EXPECT_TRUE(patient.monitor.wants_restart(patient.now));
  patient.answer(kPassed);
  patient.answer(2, kFailed);
  EXPECT_FALSE(patient.monitor.wants_restart(patient.now));
  patient.answer(kFailed);
  EXPECT_TRUE(patient.monitor.wants_restart(patient.now));
}

TEST(HealthMonitor, AStoppedServiceIsNotAsked) {
  Patient patient;
  const Due due = patient.monitor.poll(patient.now);
  patient.monitor.stopped();
  EXPECT_EQ(patient.monitor.state(), State::kStopped);
  EXPECT_FALSE(patient.monitor.next());
  EXPECT_FALSE(patient.monitor.answer(due.send, kPassed, patient.now));
  EXPECT_EQ(patient.monitor.poll(patient.now + 100s).send, 0u);
  patient.monitor.started(patient.now + 200s);
  EXPECT_EQ(patient.monitor.next(), patient.now + 200s);
}

TEST(HealthMonitor, ManyServicesAreSpreadOverTheInterval) {
  Settings s = settings();
  s.interval = 5s;
  std::map<std::int64_t, int> per_100ms;
  for (int service = 0; service < 100; ++service) {
    Patient patient(s, service / 100.0);
    patient.answer(3, kPassed);
    for (int i = 0; i < 10; ++i) {
      patient.answer(kPassed);
      ++per_100ms[patient.now.time_since_epoch() / 100ms];
    }
  }
  for (const auto& [time, probes] : per_100ms) EXPECT_LE(probes, 3) << time;
}

TEST(HealthMonitor, NamesOfStatesAndKinds) {
  EXPECT_EQ(to_string(State::kUnknown), "unknown");
  EXPECT_EQ(to_string(Kind::kMcp), "mcp");
}

}  // namespace
}  // namespace gatehouse::health
