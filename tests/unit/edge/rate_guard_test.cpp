#include "rate_guard.h"

#include <gtest/gtest.h>

namespace gatehouse::edge {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMinimum = 240;
const runtime::SteadyTime kStart{1000s};

TEST(RateGuard, AllowsAnythingDuringTheGraceTime) {
  RateGuard guard;
  EXPECT_FALSE(guard.too_slow(kStart, 0, kMinimum));
  EXPECT_FALSE(guard.too_slow(kStart + 30s, 1, kMinimum));
}

TEST(RateGuard, CutsWhoStaysBelowTheRate) {
  RateGuard guard;
  EXPECT_FALSE(guard.too_slow(kStart, 0, kMinimum));
  EXPECT_FALSE(guard.too_slow(kStart + 31s, 31 * kMinimum, kMinimum));
  EXPECT_TRUE(guard.too_slow(kStart + 100s, 31 * kMinimum, kMinimum));
}

TEST(RateGuard, SilenceOfTheOtherSideDoesNotCount) {
  RateGuard guard;
  EXPECT_FALSE(guard.too_slow(kStart, 0, kMinimum));
  guard.rest();
  EXPECT_FALSE(guard.too_slow(kStart + 1h, 100, kMinimum));
  EXPECT_FALSE(guard.too_slow(kStart + 1h + 10s, 101, kMinimum));
  EXPECT_TRUE(guard.too_slow(kStart + 1h + 40s, 102, kMinimum));
}

}  // namespace
}  // namespace gatehouse::edge
