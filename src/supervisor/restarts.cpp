#include "restarts.h"

#include <algorithm>
#include <utility>

namespace gatehouse::supervisor {

namespace {

using runtime::SteadyTime;
using services::RestartPolicy;

bool ends_well(ExitKind kind) {
  return kind == ExitKind::kCompleted || kind == ExitKind::kStopped || kind == ExitKind::kKilledAtTimeout;
}

}  // namespace

void Restarts::started(SteadyTime at) {
  state_ = State::kReady;
  running_ = true;
  started_ = at;
}

void Restarts::exited(const Exit& exit, SteadyTime now, double random) {
  if (running_ && now - started_ >= settings_.stable) settle();
  running_ = false;
  state_ = State::kReady;
  if (exit.asked) return;
  const ExitKind kind = classify(exit);
  const RestartPolicy policy = settings_.policy;
  if (kind == ExitKind::kCannotRun) {
    state_ = State::kFailed;
    return;
  }
  if (policy == RestartPolicy::kNo || (policy == RestartPolicy::kOnFailure && ends_well(kind))) {
    state_ = ends_well(kind) ? State::kCompleted : State::kFailed;
    return;
  }
  exits_.push_back(now);
  while (now - exits_.front() > settings_.loop_window) exits_.pop_front();
  if (std::cmp_greater_equal(exits_.size(), settings_.loop_exits)) crash_loop_ = true;
  if (policy == RestartPolicy::kOnFailure && settings_.attempts > 0 && in_a_row_ >= settings_.attempts) {
    state_ = State::kFailed;
    return;
  }
  wait(now, random);
}

void Restarts::wait(SteadyTime now, double random) {
  ++count_;
  const int doublings = in_a_row_++ - 1;
  if (doublings < 0) return;  // the first one is immediate: ready
  auto delay = settings_.first;
  for (int i = 0; i < doublings && delay < settings_.max; ++i) delay *= 2;
  const double stretch = 1 + settings_.jitter * (2 * random - 1);
  const auto stretched = std::chrono::duration<double, std::milli>(std::min(delay, settings_.max)) * stretch;
  next_try_ = now + std::chrono::duration_cast<runtime::Duration>(stretched);
  state_ = State::kWaiting;
}

void Restarts::poll(SteadyTime now) {
  if (state_ == State::kWaiting && now >= next_try_) state_ = State::kReady;
  if (running_ && now - started_ >= settings_.stable) settle();
}

void Restarts::settle() {
  in_a_row_ = 0;
  crash_loop_ = false;
  exits_.clear();
}

void Restarts::retry_now() {
  if (state_ == State::kWaiting || state_ == State::kFailed) state_ = State::kReady;
}

void Restarts::forget() {
  settle();
  state_ = State::kReady;
}

std::optional<SteadyTime> Restarts::next_try() const {
  return state_ == State::kWaiting ? std::optional(next_try_) : std::nullopt;
}

std::optional<SteadyTime> Restarts::next() const {
  if (state_ == State::kWaiting) return next_try_;
  return running_ && in_a_row_ > 0 ? std::optional<SteadyTime>(started_ + settings_.stable) : std::nullopt;
}

}  // namespace gatehouse::supervisor
