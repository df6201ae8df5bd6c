#include "gatehouse/health/monitor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gatehouse/base/check.h"

namespace gatehouse::health {

namespace {

using runtime::SteadyTime;

std::string seconds_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

}  // namespace

std::string_view to_string(Kind kind) {
  static constexpr std::array<std::string_view, 8> kNames = {"none", "http", "tcp", "unix", "exec", "redis", "postgres", "mcp"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view to_string(State state) {
  static constexpr std::array<std::string_view, 5> kNames = {"stopped", "starting", "healthy", "unhealthy", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

Monitor::Monitor(Settings settings, double spread) : settings_(std::move(settings)), spread_(spread) {
  GATEHOUSE_CHECK(spread >= 0 && spread < 1);
}

void Monitor::started(SteadyTime at) {
  state_ = State::kStarting;
  asked_ = true;
  failures_ = successes_ = 0;
  in_start_period_ = true;
  degraded_ = false;
  phased_ = false;
  start_period_ends_ = at + settings_.start_period;
  next_ = at;
  open_probe_ = 0;
  detail_.clear();
}

void Monitor::stopped() {
  state_ = State::kStopped;
  open_probe_ = 0;
  failures_ = successes_ = 0;
  degraded_ = false;
}

Due Monitor::poll(SteadyTime now) {
  Due due;
  if (state_ == State::kStopped) return due;
  if (open_probe_ != 0 && now >= sent_ + settings_.timeout) {
    due.give_up = std::exchange(open_probe_, 0);
    failed("no answer within " + seconds_text(settings_.timeout), now);
  }
  if (open_probe_ == 0 && now >= next_) {
    due.send = open_probe_ = ++last_probe_;
    sent_ = now;
  }
  return due;
}

std::optional<SteadyTime> Monitor::next() const {
  if (state_ == State::kStopped) return std::nullopt;
  return open_probe_ != 0 ? sent_ + settings_.timeout : next_;
}

bool Monitor::answer(std::uint64_t probe, const Outcome& outcome, SteadyTime now) {
  if (probe == 0 || probe != open_probe_) return false;
  open_probe_ = 0;
  switch (outcome.verdict) {
    case Outcome::Verdict::kPassed:
      passed(now);
      break;
    case Outcome::Verdict::kFailed:
      failed(outcome.detail, now);
      break;
    case Outcome::Verdict::kCannotAsk:
      asked_ = false;
      detail_ = outcome.detail;
      schedule(now);
      break;
  }
  return true;
}

void Monitor::passed(SteadyTime now) {
  asked_ = true;
  in_start_period_ = false;
  failures_ = 0;
  ++successes_;
  if (state_ == State::kStarting || successes_ >= settings_.rise) {
    state_ = State::kHealthy;
    degraded_ = false;
  }
  schedule(now);
}

void Monitor::failed(std::string detail, SteadyTime now) {
  asked_ = true;
  successes_ = 0;
  detail_ = std::move(detail);
  if (sent_ >= start_period_ends_) in_start_period_ = false;
  if (!in_start_period_ && ++failures_ >= settings_.retries) state_ = State::kUnhealthy;
  schedule(now);
}

// The rhythm is that of the sending, so that slow answers do not make it slower. The first regular probe moves to the
// service's own place in the interval.
void Monitor::schedule(SteadyTime now) {
  const bool starting = in_start_period_ && now < start_period_ends_;
  auto gap = starting ? settings_.start_interval : settings_.interval;
  if (!starting && !phased_) {
    phased_ = true;
    gap = std::chrono::duration_cast<std::chrono::milliseconds>(gap * (1 - spread_));
  }
  next_ = std::max(now, sent_ + gap);
}

bool Monitor::wants_restart(SteadyTime now) {
  const RestartSettings& restart = settings_.restart;
  if (state_ != State::kUnhealthy || !asked_ || restart.failures == 0) return false;
  if (failures_ < std::max(restart.failures, settings_.retries)) return false;
  while (!restarts_.empty() && now - restarts_.front() >= restart.window) restarts_.pop_front();
  degraded_ = std::cmp_greater_equal(restarts_.size(), restart.budget);
  return !degraded_;
}

void Monitor::restarted(SteadyTime now) { restarts_.push_back(now); }

State Monitor::state() const noexcept { return asked_ || state_ == State::kStopped ? state_ : State::kUnknown; }

}  // namespace gatehouse::health
