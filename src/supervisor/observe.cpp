// What was observed, and the runs that are followed.
#include <algorithm>

#include "core.h"

namespace gatehouse::supervisor {

namespace {

using services::Container;
using services::Status;

std::chrono::milliseconds between(runtime::WallTime from, runtime::WallTime to) {
  return std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(to - from));
}

}  // namespace

// Looks at everything, or at what is not known: one look at a time for each service, never while something is done to it.
void Core::look() {
  if (observe_ticket_ == 0 && (look_at_all_ || now_.steady >= next_look_) && look_retry_.ready(now_.steady)) {
    Observe what;
    for (const auto& one : settings_.services) what.images.push_back(one.image);
    look_at_all_ = false;
    observe_ticket_ = emit({}, std::move(what), {.kind = Kind::kLook});
  }
  for (auto& [name, service] : services_) {
    if (!service.unseen || service.in_flight != 0 || !service.look.ready(now_.steady)) continue;
    if (!trusted_ && observe_ticket_ != 0 && service.containers.empty()) continue;  // the look at everything will tell
    service.unseen = false;
    service.in_flight = service.last_ticket = emit(name, Inspect{}, {.kind = Kind::kLook, .service = name});
  }
}

// A look that was begun before something was done tells the past of it.
void Core::take_observation(std::uint64_t ticket, const services::Observation& observation) {
  look_retry_.reset();
  next_look_ = now_.steady + options_.resync;
  trusted_ = ticket >= trust_from_;
  known_ = known_ || trusted_;
  look_at_all_ = look_at_all_ || !trusted_;
  take_shared(ticket, observation);
  std::map<std::string, std::vector<Container>, std::less<>> by_service;
  for (const Container& container : observation.containers) {
    const auto labels = services::read_labels(container.labels);
    if (labels && labels->project == identity_.project) by_service[labels->service].push_back(container);
  }
  for (auto& [name, containers] : by_service) {
    if (services_.contains(name) || services::claim(name, containers, identity_).ours.empty()) continue;
    services_[name].name = name;
    services_[name].declared = false;
  }
  for (auto& [name, service] : services_) {
    if (service.in_flight != 0 || service.last_ticket > ticket)
      service.unseen = true;
    else
      take_containers(service, std::move(by_service[name]));
  }
  std::erase_if(services_, [](const auto& one) {
    return !one.second.declared && one.second.claimed.ours.empty() && one.second.in_flight == 0;
  });
}

void Core::take_containers(Service& service, std::vector<Container> containers) {
  service.unseen = false;
  service.gone = false;
  service.containers = std::move(containers);
  std::map<std::string, runtime::SteadyTime> ending;
  for (const Container& container : service.containers) {
    if (container.status != Status::kStopping && container.status != Status::kRemoving) continue;
    const auto known = service.ending.find(container.id);
    ending[container.id] = known == service.ending.end() ? now_.steady : known->second;
  }
  service.ending = std::move(ending);
  refresh(service);
  follow(service);
}

// What follows from containers, configuration, facts and images.
void Core::refresh(Service& service) {
  service.replan = true;
  service.claimed = services::claim(service.name, service.containers, identity_);
  service.current = service.claimed.ours.empty() ? nullptr : service.claimed.ours.front();
  if (service.declared) {
    const std::string before = service.spec ? service.spec->hash : "";
    auto spec = services::resolve(service.settings, settings_.podman, facts_,
                                  services::pinned_digest(service.settings, service.claimed, images_));
    service.cannot = spec ? "" : spec.error().message;
    service.spec = spec ? std::make_shared<services::Spec>(std::move(*spec)) : nullptr;
    if (service.spec) service.current = services::current_of(service.claimed, *service.spec);
    const bool changed = service.spec && !before.empty() && service.spec->hash != before;
    if (changed && !service.spec->image_digest.empty()) service.restarts.forget();
  }
  const auto& ours = service.claimed.ours;
  const auto running = std::find_if(ours.begin(), ours.end(), [](const Container* one) { return is_running(*one); });
  const bool current_runs = service.current != nullptr && is_running(*service.current);
  service.running = current_runs ? service.current : running == ours.end() ? nullptr : *running;
}

void Core::refresh_all() {
  for (auto& [name, service] : services_) {
    refresh(service);
    follow(service);
  }
}

void Core::follow(Service& service) {
  if (service.running != nullptr) {
    const Run run = run_of(*service.running);
    if (service.run == run) return;
    const auto started = now_.steady - between(run.started, now_.wall);
    service.run = run;
    service.restarts.started(started);
    if (service.monitor) service.monitor->started(started);
    return;
  }
  const auto& ours = service.claimed.ours;
  const auto followed = std::find_if(ours.begin(), ours.end(), [&](const Container* one) {
    return service.run ? one->id == service.run->container : one == service.current;
  });
  if (followed != ours.end() && (*followed)->status == Status::kExited) count_exit(service, **followed);
  if (followed != ours.end() && (*followed)->status == Status::kStopping) return;
  service.run.reset();
  if (service.monitor) service.monitor->stopped();
}

// Each end of a run counts once, however often it is seen.
void Core::count_exit(Service& service, const Container& container) {
  const Run run = run_of(container);
  if (service.accounted == run) return;
  service.accounted = run;
  Exit exit;
  exit.code = container.exit_code;
  exit.out_of_memory = container.out_of_memory;
  exit.asked = service.stop_asked == run;
  exit.ran = between(container.started, container.finished);
  exit.grace = service.settings.stop_timeout;
  exit.memory_limit = service.settings.resources.memory;
  service.last_exit = exit;
  service.restarts.exited(exit, now_.steady, chance());
  const bool unless_stopped = service.settings.restart.policy == services::RestartPolicy::kUnlessStopped;
  if (service.declared && container.stopped_by_hand && !exit.asked && unless_stopped)
    holds_.emplace(service.name, "somebody who asked Podman");
}

void Core::probe(Service& service) {
  const bool runs = service.running != nullptr && service.running->status == services::Status::kRunning && !service.gone;
  if (!service.monitor || !runs) return;
  const health::Due due = service.monitor->poll(now_.steady);
  if (due.give_up != 0) out_.push_back({0, service.name, GiveUpProbe{due.give_up}});
  if (due.send == 0) return;
  const auto address = service.running->networks.find(settings_.podman.network);
  out_.push_back({0, service.name,
                  SendProbe{due.send, service.monitor->settings().probe, service.running->id,
                            address == service.running->networks.end() ? "" : address->second,
                            service.monitor->settings().timeout}});
}

}  // namespace gatehouse::supervisor
