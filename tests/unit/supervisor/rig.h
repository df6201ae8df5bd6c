// A supervisor, a world, and a time that goes from one event to the next.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>

#include "fakes/fake_podman_world.h"
#include "gatehouse/services/known.h"
#include "gatehouse/supervisor/supervisor.h"

namespace gatehouse::supervisor {

class FixedRandom final : public runtime::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(state_ = state_ * 1664525 + 1013904223, state_ >> 24);
  }

 private:
  std::uint32_t state_ = 1;
};

inline services::ServiceSettings plain(const std::string& name, std::vector<services::Dependency> depends_on = {}) {
  services::ServiceSettings out = services::default_service(name, services::Limits::kOn);
  out.image = "localhost/" + name + ":1";
  out.depends_on = std::move(depends_on);
  return out;
}

inline services::ServiceSettings checked(const std::string& name, std::vector<services::Dependency> depends_on = {}) {
  services::ServiceSettings out = plain(name, std::move(depends_on));
  out.health.probe = {.kind = health::Kind::kTcp, .port = 80};
  return out;
}

inline services::Facts all_facts() {
  return {{{"postgres_password", "v1"}, {"redis_conf", "v1"}, {"grafana_password", "v1"}},
          {{"prometheus", "a"}, {"grafana/provisioning", "b"}, {"grafana/dashboards", "c"}}};
}

class Rig {
 public:
  explicit Rig(std::vector<services::ServiceSettings> services, Options options = {.instance = "node-1"})
      : options_(std::move(options)) {
    settings.services = std::move(services);
    for (const auto& one : settings.services) world.registry[one.image] = "sha256:" + one.image;
    restart_daemon();
  }

  // A new daemon in the same world.
  void restart_daemon() {
    queue_.clear();
    answers_.clear();
    carry_out_until_ = -1;
    supervisor = std::make_unique<Supervisor>(settings, facts, options_, random_);
    handle(Tick{});
  }

  void handle(const Event& event) {
    for (Action& action : supervisor->handle(event, now())) queue_.push_back(std::move(action));
  }

  // Carries out what is due, and lets time go on for so long. False: more than `kMostSteps` steps, a busy loop.
  bool run(std::chrono::milliseconds time) {
    const auto end = steady_ + time;
    for (int step = 0; step < kMostSteps; ++step) {
      for (const std::string& id : world.take_ended())
        if (tell_ends) handle(Ended{id});
      if (!queue_.empty() || !answers_.empty()) {
        if (answers_.empty() || (!queue_.empty() && pick(2) == 0))
          carry_out();
        else
          deliver();
        continue;
      }
      const auto wake = std::max<runtime::SteadyTime>(supervisor->wake(), steady_ + std::chrono::milliseconds(1));
      if (wake > end) {
        pass(std::chrono::duration_cast<std::chrono::microseconds>(end - steady_));
        return true;
      }
      pass(std::chrono::ceil<std::chrono::microseconds>(wake - steady_));
      handle(Tick{});
    }
    return false;
  }

  // From now on, after so many actions: nothing more is carried out or told, as when the daemon dies.
  void stop_after(int actions) { carry_out_until_ = world.count() + actions; }
  // … or the engine is away: what is under way is lost, and nothing else is carried out before engine_back().
  void lose_engine_after(int actions) { stop_after(actions), engine_dies_ = true; }
  void engine_back() {
    carry_out_until_ = -1;
    for (const Action& action : std::exchange(lost_, {}))
      if (action.ticket != 0) handle(Answered{action.ticket, {.kind = Answer::Kind::kLost, .message = "connection reset"}});
    handle(EngineBack{});
  }
  // From now on actions are carried out in any order, and their answers come later, in any order.
  void shuffle(std::uint32_t seed) { shuffle_ = seed; }

  // Only what can be done without time going on.
  void run_now() { EXPECT_TRUE(run(std::chrono::milliseconds(0))); }

  Now now() const { return {steady_, wall_}; }
  void pass(std::chrono::microseconds time) {
    steady_ += time;
    wall_ += time;
    world.set_time(wall_);
  }

  ServiceStatus status(const std::string& service) const {
    for (ServiceStatus& one : supervisor->status(now()))
      if (one.name == service) return one;
    ADD_FAILURE() << service;
    return {};
  }
  std::string state(const std::string& service) const { return std::string(to_string(status(service).state)); }

  // What was written since the last call, in order.
  std::string writes() {
    std::string out;
    for (; seen_ < world.writes().size(); ++seen_) out += (out.empty() ? "" : ", ") + world.writes()[seen_];
    return out;
  }
  std::size_t position(const std::string& write) const {
    const auto found = std::find(world.writes().begin(), world.writes().end(), write);
    return static_cast<std::size_t>(found - world.writes().begin());
  }

  fakes::FakePodmanWorld world;
  services::Settings settings;
  services::Facts facts = all_facts();
  std::unique_ptr<Supervisor> supervisor;
  std::map<std::string, health::Outcome> health;  // what probes of a service find; absent: passed
  std::set<std::string> silent;                   // probes of these get no answer
  std::vector<std::uint64_t> given_up;
  bool tell_ends = true;
  int probes = 0;

 private:
  static constexpr int kMostSteps = 20'000;

  void carry_out() {
    const std::size_t index = pick(queue_.size());
    const Action action = std::move(queue_[index]);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
    world.set_time(wall_);
    if (carry_out_until_ >= 0 && world.count() >= carry_out_until_) {
      lost_.push_back(action);
      if (std::exchange(engine_dies_, false)) handle(EngineLost{"connection refused"});
      return;
    }
    if (const auto* probe = std::get_if<SendProbe>(&action.what)) return answer(action.service, *probe);
    if (const auto* probe = std::get_if<GiveUpProbe>(&action.what)) return given_up.push_back(probe->probe);
    Answered answered{action.ticket, world.perform(action)};
    if (shuffle_ == 0) return handle(answered);
    answers_.push_back(std::move(answered));
  }
  void deliver() {
    const std::size_t index = pick(answers_.size());
    const Answered answered = std::move(answers_[index]);
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(index));
    handle(answered);
  }
  std::size_t pick(std::size_t size) {
    if (shuffle_ == 0) return 0;
    shuffle_ = shuffle_ * 1664525 + 1013904223;
    return (shuffle_ >> 16) % size;
  }
  void answer(const std::string& service, const SendProbe& probe) {
    ++probes;
    if (silent.contains(service)) return;
    const auto found = health.find(service);
    const health::Outcome passed{health::Outcome::Verdict::kPassed, {}};
    handle(ProbeAnswered{service, probe.probe, found == health.end() ? passed : found->second});
  }

  Options options_;
  FixedRandom random_;
  std::deque<Action> queue_;
  runtime::SteadyTime steady_{std::chrono::seconds(1'000'000)};
  runtime::WallTime wall_{std::chrono::seconds(1'764'000'000)};
  std::size_t seen_ = 0;
  int carry_out_until_ = -1;
  bool engine_dies_ = false;
  std::vector<Action> lost_;
  std::vector<Answered> answers_;
  std::uint32_t shuffle_ = 0;
};

}  // namespace gatehouse::supervisor
