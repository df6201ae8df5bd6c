// Monitor: the health of one service, from the answers to probes. No sockets and no clock: poll() says which probe is to be
// sent or given up now, whoever sends it brings the answer.
//
//   stopped ── started() ──▸ starting ── a success ──▸ healthy ◂── rise ── retries ──▸ unhealthy
//
// A probe without an answer at its deadline has failed, is to be given up, and never delays the next one: what it says later
// is ignored. "Cannot ask" (the engine is away) changes no counter; the state is unknown until somebody can ask again.
// Values; owner: the supervisor's service; its thread; nothing to stop.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/health/settings.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::health {

enum class State { kStopped, kStarting, kHealthy, kUnhealthy, kUnknown };
std::string_view to_string(State state);  // "healthy"

struct Outcome {
  enum class Verdict { kPassed, kFailed, kCannotAsk };
  Verdict verdict = Verdict::kFailed;
  std::string detail;  // for people: "answered 503", "connection refused"
};

// Numbers of probes; 0: none. Both at once: the first was too late, the next is due.
struct Due {
  std::uint64_t send = 0;
  std::uint64_t give_up = 0;
};

class Monitor {
 public:
  // `spread`, in [0, 1), is this service's place in the interval, so that many services are not asked at the same moment.
  Monitor(Settings settings, double spread);

  void started(runtime::SteadyTime at);  // this run of the container; may lie in the past
  void stopped();                        // also gives up the open probe, silently
  Due poll(runtime::SteadyTime now);
  std::optional<runtime::SteadyTime> next() const;  // when poll() has something to say
  bool answer(std::uint64_t probe, const Outcome& outcome, runtime::SteadyTime now);  // false: was given up before

  // Unhealthy for too long, and the budget allows a restart. restarted() takes one from it.
  bool wants_restart(runtime::SteadyTime now);
  void restarted(runtime::SteadyTime now);
  bool degraded() const noexcept { return degraded_; }  // unhealthy, and the budget is spent

  State state() const noexcept;
  bool good() const noexcept { return state_ == State::kHealthy; }  // as far as anybody could ask: traffic may go there
  int failures() const noexcept { return failures_; }  // consecutive, that count
  const std::string& detail() const noexcept { return detail_; }  // of the last probe that failed
  const Settings& settings() const noexcept { return settings_; }

 private:
  void passed(runtime::SteadyTime now);
  void failed(std::string detail, runtime::SteadyTime now);
  void schedule(runtime::SteadyTime now);

  Settings settings_;
  double spread_;
  State state_ = State::kStopped;  // as far as anybody could ask
  bool asked_ = true;              // false: nobody can
  int failures_ = 0;
  int successes_ = 0;
  bool in_start_period_ = false;
  bool degraded_ = false;
  bool phased_ = false;            // regular probes have taken their place in the interval
  runtime::SteadyTime start_period_ends_{};
  runtime::SteadyTime next_{};
  runtime::SteadyTime sent_{};
  std::uint64_t last_probe_ = 0;
  std::uint64_t open_probe_ = 0;
  std::string detail_;
  std::deque<runtime::SteadyTime> restarts_;
};

}  // namespace gatehouse::health
