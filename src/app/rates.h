// Rates: how much happened during the last minute, from totals that only grow. What had its first sample less than a second ago
// has no rate yet.
//
// Owner: Daemon. Thread: any. Values; nothing runs on its own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gatehouse/admin/api.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::app {

struct Totals {
  std::uint64_t requests = 0, errors = 0;
  metrics::Buckets durations{};
};

class Rates {
 public:
  using Sample = std::map<std::string, Totals>;

  bool due(runtime::SteadyTime now) const;  // for the next sample
  void note(runtime::SteadyTime now, Sample sample);
  std::optional<admin::RateView> of(const std::string& name, const Totals& totals, runtime::SteadyTime now) const;

 private:
  struct Noted {
    runtime::SteadyTime at;
    Sample sample;
  };
  mutable std::mutex mutex_;
  std::deque<Noted> noted_;  // the oldest first; the first may be older than the window
};

// The upper bound of the bucket that holds the quantile, in seconds; what is above the last one counts as it. Nothing: no
// observations.
std::optional<double> quantile(const metrics::Buckets& durations, double q);

}  // namespace gatehouse::app
