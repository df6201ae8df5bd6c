#include "rates.h"

#include <numeric>

namespace gatehouse::app {

namespace {

constexpr std::chrono::seconds kInterval{5};
constexpr std::chrono::seconds kWindow{60};
constexpr std::chrono::seconds kShortest{1};

}  // namespace

std::optional<double> quantile(const metrics::Buckets& durations, double q) {
  const auto total = std::accumulate(durations.begin(), durations.end(), std::uint64_t{0});
  if (total == 0) return std::nullopt;
  const double wanted = q * static_cast<double>(total);
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < metrics::kBuckets.size(); ++i) {
    below += durations[i];
    if (static_cast<double>(below) >= wanted) return metrics::kBuckets[i];
  }
  return metrics::kBuckets.back();
}

bool Rates::due(runtime::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return noted_.empty() || now - noted_.back().at >= kInterval;
}

void Rates::note(runtime::SteadyTime now, Sample sample) {
  const std::lock_guard lock(mutex_);
  noted_.push_back({now, std::move(sample)});
  while (noted_.size() > 1 && now - noted_[1].at >= kWindow) noted_.pop_front();
}

std::optional<admin::RateView> Rates::of(const std::string& name, const Totals& totals, runtime::SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  for (const Noted& one : noted_) {
    const auto found = one.sample.find(name);
    if (found == one.sample.end()) continue;
    const std::chrono::duration<double> span = now - one.at;
    if (span < kShortest) return std::nullopt;
    const Totals& before = found->second;
    const std::uint64_t requests = totals.requests - before.requests;
    metrics::Buckets durations;
    for (std::size_t i = 0; i < durations.size(); ++i) durations[i] = totals.durations[i] - before.durations[i];
    admin::RateView rate{.per_second = static_cast<double>(requests) / span.count()};
    if (requests > 0) rate.errors = static_cast<double>(totals.errors - before.errors) / static_cast<double>(requests);
    rate.p95_seconds = quantile(durations, 0.95);
    return rate;
  }
  return std::nullopt;
}

}  // namespace gatehouse::app
