#include "rates.h"

#include <gtest/gtest.h>

namespace gatehouse::app {
namespace {

using namespace std::chrono_literals;

runtime::SteadyTime at(std::chrono::milliseconds since) { return runtime::SteadyTime(1h + since); }

Totals totals(std::uint64_t requests, std::uint64_t errors = 0, std::uint64_t slow = 0) {
  Totals made{requests, errors, {}};
  made.durations[0] = requests - slow;
  made.durations[5] = slow;  // 75 to 100 ms
  return made;
}

TEST(Rates, CountsFromTheOldestSampleOfTheLastMinute) {
  Rates rates;
  for (int i = 0; i <= 20; ++i) rates.note(at(i * 5s), {{"a", totals(static_cast<std::uint64_t>(i) * 50)}});  // 10/s until 100 s
  const auto rate = rates.of("a", totals(1000 + 600, 160, 320), at(100s));
  ASSERT_TRUE(rate);
  EXPECT_DOUBLE_EQ(rate->per_second, (600 + 600) / 60.0);
  EXPECT_DOUBLE_EQ(*rate->errors, 160 / 1200.0);
  EXPECT_DOUBLE_EQ(*rate->p95_seconds, 0.1);
}

TEST(Rates, HasNoneOfWhatIsTooYoungOrUnknown) {
  Rates rates;
  EXPECT_FALSE(rates.of("a", totals(1), at(0s)));
  rates.note(at(0s), {{"a", totals(0)}});
  EXPECT_FALSE(rates.of("a", totals(1), at(999ms)));
  EXPECT_DOUBLE_EQ(rates.of("a", totals(4), at(2s))->per_second, 2);
  rates.note(at(5s), {{"a", totals(5)}, {"b", totals(7)}});
  EXPECT_FALSE(rates.of("b", totals(9), at(5s)));
  EXPECT_DOUBLE_EQ(rates.of("b", totals(9), at(6s))->per_second, 2);
}

TEST(Rates, SaysNothingAboutSharesWithoutRequests) {
  Rates rates;
  rates.note(at(0s), {{"a", totals(3, 3)}});
  const auto rate = rates.of("a", totals(3, 3), at(10s));
  EXPECT_DOUBLE_EQ(rate->per_second, 0);
  EXPECT_FALSE(rate->errors);
  EXPECT_FALSE(rate->p95_seconds);
}

TEST(Rates, AreSampledEveryFiveSeconds) {
  Rates rates;
  EXPECT_TRUE(rates.due(at(0s)));
  rates.note(at(0s), {});
  EXPECT_FALSE(rates.due(at(4999ms)));
  EXPECT_TRUE(rates.due(at(5s)));
}

TEST(Quantile, IsTheBoundOfItsBucket) {
  metrics::Buckets durations{};
  EXPECT_FALSE(quantile(durations, 0.95));
  durations[0] = 95;
  durations[3] = 5;
  EXPECT_DOUBLE_EQ(*quantile(durations, 0.95), 0.005);
  EXPECT_DOUBLE_EQ(*quantile(durations, 0.96), 0.05);
  durations.back() = 100;
  EXPECT_DOUBLE_EQ(*quantile(durations, 0.95), 10);
}

}  // namespace
}  // namespace gatehouse::app
