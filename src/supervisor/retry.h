// When what the engine refused is tried again. Not knowing what happened once is no refusal: then it is looked at at once.
#pragma once

#include <algorithm>
#include <chrono>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::supervisor {

class Retry {
 public:
  // `random` in [0, 1).
  void failed(runtime::SteadyTime now, double random, bool uncertain) {
    const int doublings = std::min(failures_++, kMaxDoublings);
    const auto delay = std::min<std::chrono::milliseconds>(kFirst * (1 << doublings), kMax);
    const auto stretched = std::chrono::duration<double, std::milli>(delay) * (0.8 + 0.4 * random);
    next_ = uncertain && failures_ == 1 ? now : now + std::chrono::duration_cast<runtime::Duration>(stretched);
  }
  void reset() { failures_ = 0; }

  bool ready(runtime::SteadyTime now) const { return failures_ == 0 || now >= next_; }
  bool failing() const { return failures_ > 0; }
  runtime::SteadyTime next() const { return next_; }

 private:
  static constexpr std::chrono::milliseconds kFirst{500};
  static constexpr std::chrono::milliseconds kMax{60'000};
  static constexpr int kMaxDoublings = 10;

  int failures_ = 0;
  runtime::SteadyTime next_{};
};

}  // namespace gatehouse::supervisor
