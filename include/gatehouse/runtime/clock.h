// Clock: the only way to the time. Everything that waits or dates takes a Clock&; tests use tests/fakes/manual_clock.h.
// Thread-safe.
#pragma once

#include <chrono>

namespace gatehouse::runtime {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime now() const noexcept = 0;   // for deadlines; never jumps
  virtual WallTime wall() const noexcept = 0;    // for people and certificates; may jump
};

Clock& system_clock();

}  // namespace gatehouse::runtime
