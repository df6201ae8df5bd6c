// What every service shall do, from what is declared, what is observed, and how its dependencies do.
#include <algorithm>

#include "core.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::supervisor {

namespace {

using services::Condition;
using services::Edge;
using services::OnLoss;
using services::Verb;
using services::Wish;

std::string condition_text(const Edge& edge) {
  return edge.to + (edge.dependency.condition == Condition::kStarted     ? " to be started"
                    : edge.dependency.condition == Condition::kHealthy ? " to be healthy"
                                                                       : " to complete");
}

}  // namespace

// Dependencies first, so that who depends on them knows.
void Core::decide() {
  for (const auto& wave : graph_.waves()) {
    for (const std::string& name : wave) {
      Service& service = services_.at(name);
      restart_if_needed(service);
      Wish wish = wish_of(service);
      if (service.replan || wish != service.wish) {
        service.wish = std::move(wish);
        service.item = service.spec ? services::plan_service(*service.spec, service.claimed, service.wish, identity_)
                                    : item_without_spec(service);
        service.replan = false;
      }
      const bool stops = service.wish.kind == Wish::Kind::kStop;
      const bool replaced = service.item.verb == Verb::kStart && service.running != nullptr;
      service.leaving = service.running != nullptr && (stops || replaced || (service.run && service.to_restart == service.run));
    }
  }
}

// A secret or a file is missing: nothing can be made or compared, but what there is can run on, be started and be stopped.
services::PlanItem Core::item_without_spec(const Service& service) {
  services::PlanItem item{Verb::kBlocked, "service", service.name, {}, service.cannot};
  const bool exists = service.current != nullptr && service.current->status == services::Status::kExited;
  if (service.wish.kind == Wish::Kind::kStop) item.verb = service.running != nullptr ? Verb::kStop : Verb::kNothing;
  if (service.wish.kind == Wish::Kind::kRun && service.running == nullptr && exists) item.verb = Verb::kStart;
  return item;
}

Wish Core::wish_of(Service& service) {
  if (stopping_all_) return {Wish::Kind::kStop, "everything is being stopped"};
  if (const auto hold = holds_.find(service.name); hold != holds_.end())
    return {Wish::Kind::kStop, "stopped by " + hold->second};
  for (const Edge& edge : graph_.dependencies(service.name)) {
    if (edge.dependency.on_loss == OnLoss::kRestart && services_.at(edge.to).leaving)
      return {Wish::Kind::kStop, edge.to + ", which it depends on, is being stopped"};
  }
  std::string reason;
  std::optional<std::chrono::milliseconds> patience;
  for (const Edge& edge : graph_.dependencies(service.name)) {
    std::string why = unmet(edge);
    if (why.empty()) continue;
    reason = "it waits for " + condition_text(edge) + ": " + why;
    patience = edge.dependency.timeout;
    break;
  }
  if (reason.empty()) {
    service.waiting_since.reset();
  } else if (service.running == nullptr) {
    if (!service.waiting_since) service.waiting_since = now_.steady;
    if (now_.steady - *service.waiting_since > *patience) reason += "; longer than " + yaml::duration_text(patience->count());
    return {Wish::Kind::kLeave, std::move(reason)};
  }
  const std::string ended = service.last_exit ? describe(*service.last_exit) : "it ended";
  switch (service.restarts.state()) {
    case Restarts::State::kReady:
      return {};
    case Restarts::State::kWaiting:
    case Restarts::State::kCompleted:
    case Restarts::State::kFailed:
      return {Wish::Kind::kLeave, ended};
  }
  return {};
}

std::string Core::unmet(const Edge& edge) const {
  const Service& other = services_.at(edge.to);
  const bool held = holds_.contains(edge.to);
  const bool failed = other.restarts.state() == Restarts::State::kFailed || other.item.verb == Verb::kBlocked;
  if (!edge.dependency.required && (held || failed)) return {};
  const bool runs = other.running != nullptr && !other.gone && !other.leaving;
  if (edge.dependency.condition == Condition::kCompleted) {
    const bool current = other.current != nullptr && other.spec && other.item.verb != Verb::kRecreate;
    const bool well = current && other.current->status == services::Status::kExited && other.current->exit_code == 0;
    if (well) return {};
    return runs ? "it still runs" : held ? "it is held" : other.last_exit ? describe(*other.last_exit) : "it has not run yet";
  }
  if (!runs)
    return held                    ? "it is held"
           : !other.cannot.empty() ? other.cannot
           : other.last_exit       ? describe(*other.last_exit)
                                   : "it does not run";
  if (edge.dependency.condition == Condition::kStarted || !other.monitor) return {};
  if (other.monitor->state() == health::State::kHealthy) return {};
  std::string why = "it is " + std::string(to_string(other.monitor->state()));
  if (!other.monitor->detail().empty()) why += " (" + other.monitor->detail() + ")";
  return why;
}

// Unhealthy for too long, or older than a dependency whose loss means a restart.
void Core::restart_if_needed(Service& service) {
  if (service.to_restart && service.to_restart != service.run) service.to_restart.reset();
  if (!service.run || service.running == nullptr || service.to_restart || service.gone) return;
  if (service.monitor && service.running->status == services::Status::kRunning && service.monitor->wants_restart(now_.steady)) {
    service.monitor->restarted(now_.steady);
    service.to_restart = service.run;
    return;
  }
  for (const Edge& edge : graph_.dependencies(service.name)) {
    const Service& other = services_.at(edge.to);
    if (edge.dependency.on_loss != OnLoss::kRestart || !other.run || !unmet(edge).empty()) continue;
    if (other.run->started > service.run->started) service.to_restart = service.run;
  }
}

// A dependency is lost, and that means no traffic.
bool Core::held_back(const Service& service) const {
  const auto& edges = graph_.dependencies(service.name);
  return std::any_of(edges.begin(), edges.end(),
                     [&](const Edge& edge) { return edge.dependency.on_loss == OnLoss::kHold && !unmet(edge).empty(); });
}

bool Core::serves(const Service& service) const {
  const bool runs = service.running != nullptr && service.running->status == services::Status::kRunning && !service.gone;
  return service.declared && runs && (!service.monitor || service.monitor->good()) && !held_back(service);
}

}  // namespace gatehouse::supervisor
