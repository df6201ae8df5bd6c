// TimerWheel: hashed wheel of coarse deadlines, one asio timer behind it. Re-arming a linked timer to a later time
// only writes its deadline; the wheel moves it when its slot comes up.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>

#include "gatehouse/runtime/loop.h"

namespace gatehouse::runtime {

class TimerWheel {
 public:
  explicit TimerWheel(Loop& loop) : loop_(loop), alarm_(loop.context()) {}

  void arm(Timer& timer, Duration delay) noexcept;
  void unlink(Timer& timer) noexcept;
  void advance() noexcept;  // fires what is due now

 private:
  static constexpr std::int64_t kTickNanoseconds = 50'000'000;
  static constexpr std::int64_t kSlots = 512;

  std::int64_t now_ticks() const noexcept { return loop_.clock().now().time_since_epoch().count() / kTickNanoseconds; }
  void link(Timer& timer, std::int64_t tick) noexcept;
  void visit(std::int64_t tick) noexcept;
  void set_alarm() noexcept;

  Loop& loop_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      alarm_;
  std::array<Timer*, kSlots> slots_{};
  std::int64_t visited_ = -1;               // every slot up to this tick has been visited
  std::int64_t alarm_tick_ = INT64_MAX;
  std::size_t linked_ = 0;
};

}  // namespace gatehouse::runtime
