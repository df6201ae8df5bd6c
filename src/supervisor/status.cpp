// How each service does.
#include <algorithm>
#include <array>

#include "core.h"

namespace gatehouse::supervisor {

namespace {

using services::Status;
using services::Verb;
using services::Wish;

std::string health_text(const health::Monitor& monitor) {
  std::string out = monitor.detail();
  if (monitor.failures() > 1) out += (out.empty() ? "" : ", ") + std::to_string(monitor.failures()) + " times in a row";
  return out;
}

struct Told {
  State state;
  std::string why;
};

Told tell_running(const Service& service, bool held_back) {
  if (service.running->status == Status::kPaused) return {State::kRunning, "it is paused"};
  if (service.leaving) return {State::kStopping, service.wish.reason.empty() ? "it is being replaced" : service.wish.reason};
  std::string why = held_back ? "no traffic: a dependency is lost" : service.error.empty() ? service.cannot : service.error;
  if (!service.monitor) return {State::kRunning, std::move(why)};
  switch (service.monitor->state()) {
    case health::State::kHealthy:
      return {State::kRunning, std::move(why)};
    case health::State::kUnknown:
      return {State::kUnknown, "its health cannot be asked for: " + service.monitor->detail()};
    case health::State::kUnhealthy:
      if (service.monitor->degraded())
        return {State::kDegraded, health_text(*service.monitor) + "; restarting it has not helped"};
      return {State::kUnhealthy, health_text(*service.monitor)};
    case health::State::kStarting:
    case health::State::kStopped:
      return {State::kStarting, health_text(*service.monitor)};
  }
  return {State::kUnknown, {}};
}

Told tell_ended(const Service& service) {
  const std::string ended = service.last_exit ? describe(*service.last_exit) : "it ended";
  switch (service.restarts.state()) {
    case Restarts::State::kCompleted:
      return {State::kCompleted, ended};
    case Restarts::State::kFailed:
      return {State::kFailed, ended};
    case Restarts::State::kWaiting:
      return {service.restarts.crash_loop() ? State::kCrashLoop : State::kBackoff, ended};
    case Restarts::State::kReady:
      break;
  }
  if (service.retry.failing() || service.next_prepare) return {State::kBackoff, service.error};
  if (!service.error.empty()) return {State::kBlocked, service.error};
  return {State::kPreparing, service.missing.empty() ? service.item.reason : "it needs " + service.missing};
}

Told tell_stopped(const Service& service, bool held) {
  if (service.gone) return {State::kBackoff, "it has just ended"};
  if (held) return {State::kHeld, service.wish.reason};
  if (service.wish.kind == Wish::Kind::kStop) return {State::kStopping, service.wish.reason};
  if (service.item.verb == Verb::kBlocked) return {State::kBlocked, service.item.reason};
  if (service.waiting_since) return {State::kWaiting, service.wish.reason};
  return tell_ended(service);
}

}  // namespace

std::string_view to_string(State state) {
  static constexpr std::array<std::string_view, 14> kNames = {"unknown",  "waiting", "preparing",  "starting",  "running",
                                                              "unhealthy", "degraded", "backoff",  "crash_loop", "completed",
                                                              "failed",   "stopping", "held",      "blocked"};
  return kNames[static_cast<std::size_t>(state)];
}

ServiceStatus Core::status_of(const Service& service, Now now) const {
  ServiceStatus out;
  out.name = service.name;
  out.restarts = service.restarts.count();
  out.serves = serves(service);
  if (service.last_exit) out.last_exit = describe(*service.last_exit);
  const services::Container* shown = service.running != nullptr ? service.running : service.current;
  if (shown != nullptr) out.container = shown->name;
  if (service.running != nullptr && service.monitor) out.health = service.monitor->state();
  if (service.running != nullptr) {
    const auto address = service.running->networks.find(settings_.podman.network);
    if (address != service.running->networks.end()) out.address = address->second;
  }
  Told told{State::kUnknown, engine_ ? "nobody has looked yet" : "Podman does not answer: " + engine_reason_};
  if (engine_ && known_) {
    const bool runs = service.running != nullptr && !service.gone;
    told = runs ? tell_running(service, held_back(service)) : tell_stopped(service, holds_.contains(service.name));
  }
  out.state = told.state;
  out.why = std::move(told.why);
  if (out.state != State::kBackoff && out.state != State::kCrashLoop) return out;
  auto next = service.restarts.next_try();
  if (!next) next = service.retry.failing() ? service.retry.next() : service.next_prepare;
  if (next)
    out.next_try =
        std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(*next - now.steady));
  return out;
}

std::vector<ServiceStatus> Core::status(Now now) const {
  std::vector<ServiceStatus> out;
  for (const auto& [name, service] : services_)
    if (service.declared) out.push_back(status_of(service, now));
  return out;
}

services::Plan Core::plan() const {
  services::Observation observation;
  std::map<std::string, Wish, std::less<>> wishes;
  for (const auto& [name, service] : services_) {
    observation.containers.insert(observation.containers.end(), service.containers.begin(), service.containers.end());
    wishes[name] = service.wish;
  }
  observation.networks = networks_;
  observation.volumes = volumes_;
  observation.secrets = secrets_;
  observation.images = images_;
  return services::make_plan(settings_, facts_, observation, identity_, wishes);
}

bool Core::ready() const {
  return known_ && std::all_of(services_.begin(), services_.end(), [&](const auto& one) {
    const Service& service = one.second;
    if (!service.declared || holds_.contains(service.name)) return true;
    const bool completed = service.running == nullptr && service.restarts.state() == Restarts::State::kCompleted;
    return completed || serves(service);
  });
}

bool Core::stopped() const {
  return stopping_all_ && trusted_ && std::all_of(services_.begin(), services_.end(), [](const auto& one) {
    return one.second.running == nullptr && one.second.in_flight == 0 && one.second.ending.empty();
  });
}

// ---- the door

Supervisor::Supervisor(services::Settings settings, services::Facts facts, Options options, runtime::Random& random)
    : core_(std::make_unique<Core>(std::move(settings), std::move(facts), std::move(options), random)) {}
Supervisor::~Supervisor() = default;
std::vector<Action> Supervisor::handle(const Event& event, Now now) { return core_->handle(event, now); }
runtime::SteadyTime Supervisor::wake() const { return core_->wake(); }
bool Supervisor::has(std::string_view service) const { return core_->has(service); }
std::vector<ServiceStatus> Supervisor::status(Now now) const { return core_->status(now); }
services::Plan Supervisor::plan() const { return core_->plan(); }
const std::map<std::string, std::string>& Supervisor::holds() const { return core_->holds(); }
bool Supervisor::ready() const { return core_->ready(); }
bool Supervisor::stopped() const { return core_->stopped(); }

}  // namespace gatehouse::supervisor
