// A clock that moves only when told to.
#pragma once

#include <atomic>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::fakes {

class ManualClock final : public runtime::Clock {
 public:
  runtime::SteadyTime now() const noexcept override {
    return runtime::SteadyTime(std::chrono::nanoseconds(steady_.load(std::memory_order_relaxed)));
  }
  runtime::WallTime wall() const noexcept override {
    return runtime::WallTime(std::chrono::microseconds(wall_.load(std::memory_order_relaxed)));
  }
  void advance(runtime::Duration by) noexcept {
    steady_ += by.count();
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
  }
  void jump_wall(std::chrono::microseconds by) noexcept { wall_ += by.count(); }

 private:
  std::atomic<std::int64_t> steady_{1'000'000'000'000};
  std::atomic<std::int64_t> wall_{1'764'000'000'000'000};  // 2025-11-24
};

}  // namespace gatehouse::fakes
