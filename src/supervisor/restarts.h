// Restarts: whether and when an ended container is started again.
//
//   ready ── exit ──▸ waiting ── its time ──▸ ready       completed, failed: for good, until forget()
//
// The first restart is immediate, then the waits double up to a limit. A run that lasts begins anew. Many exits in a short time
// are a crash loop: the waits go on as before, and everybody can see it until a run lasts.
#pragma once

#include <deque>
#include <optional>

#include "exit.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/services/settings.h"

namespace gatehouse::supervisor {

class Restarts {
 public:
  enum class State { kReady, kWaiting, kCompleted, kFailed };

  explicit Restarts(services::RestartSettings settings) : settings_(settings) {}

  void started(runtime::SteadyTime at);
  void exited(const Exit& exit, runtime::SteadyTime now, double random);  // `random` in [0, 1), for the jitter
  void poll(runtime::SteadyTime now);      // a wait may be over, a run may have lasted
  void retry_now();                        // the wait is over
  void forget();                           // everything begins anew: another configuration, or somebody's wish
  void configure(const services::RestartSettings& settings) { settings_ = settings; }

  State state() const noexcept { return state_; }
  bool crash_loop() const noexcept { return crash_loop_; }
  int count() const noexcept { return count_; }        // restarts since the daemon started
  std::optional<runtime::SteadyTime> next_try() const;  // while waiting
  std::optional<runtime::SteadyTime> next() const;      // when poll() has something to do

 private:
  void wait(runtime::SteadyTime now, double random);
  void settle();

  services::RestartSettings settings_;
  State state_ = State::kReady;
  bool running_ = false;
  bool crash_loop_ = false;
  int in_a_row_ = 0;  // ends since a run lasted
  int count_ = 0;
  runtime::SteadyTime started_{};
  runtime::SteadyTime next_try_{};
  std::deque<runtime::SteadyTime> exits_;
};

}  // namespace gatehouse::supervisor
