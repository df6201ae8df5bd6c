// RateGuard: a peer that moves a byte now and then keeps an idle timer quiet for ever; after a grace time it must reach a
// rate. Time that we spend waiting for somebody else does not count: rest() then.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::edge {

class RateGuard {
 public:
  void rest() noexcept { since_.reset(); }

  // `bytes` moved in all until now; `minimum` per second.
  bool too_slow(runtime::SteadyTime now, std::uint64_t bytes, std::uint64_t minimum) noexcept {
    if (!since_) {
      since_ = now;
      before_ = bytes;
    }
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - *since_);
    return passed > kGrace && (bytes - before_) / static_cast<std::uint64_t>(passed.count()) < minimum;
  }

 private:
  static constexpr std::chrono::seconds kGrace{30};
  std::optional<runtime::SteadyTime> since_;
  std::uint64_t before_ = 0;
};

}  // namespace gatehouse::edge
