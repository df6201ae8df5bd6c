// TimerWheel: hashed wheel of coarse deadlines; the loop sleeps until the next one. Re-arming a linked timer to a later time
// only writes its deadline; the wheel moves it when its slot comes up.
#pragma once

#include <array>
#include <cstdint>

#include "gatehouse/runtime/loop.h"

namespace gatehouse::runtime {

class TimerWheel {
 public:
  explicit TimerWheel(Clock& clock) : clock_(clock) {}

  void arm(Timer& timer, Duration delay) noexcept;
  void unlink(Timer& timer) noexcept;
  void advance(SteadyTime now) noexcept;   // fires what is due
  int due_in_ms() const noexcept;          // rounded up; -1: nothing is linked

 private:
  static constexpr std::int64_t kTickNanoseconds = 50'000'000;
  static constexpr std::int64_t kSlots = 512;

  void link(Timer& timer, std::int64_t tick) noexcept;
  void visit(std::int64_t tick) noexcept;
  void find_next() noexcept;

  Clock& clock_;
  std::array<Timer*, kSlots> slots_{};
  std::int64_t visited_ = -1;               // every slot up to this tick has been visited
  std::int64_t next_tick_ = INT64_MAX;      // no linked slot comes before; may be too early, never too late
  std::size_t linked_ = 0;
};

}  // namespace gatehouse::runtime
