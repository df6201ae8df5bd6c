#include "core.h"

#include <algorithm>
#include <utility>

namespace gatehouse::supervisor {

namespace {

using services::ServiceSettings;

// The service's place in the interval of its probes: the same on every start.
double spread_of(std::string_view name) {
  std::uint32_t hash = 2166136261;
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619;
  return hash / 4294967296.0;
}

bool is_uncertain(Answer::Kind kind) { return kind != Answer::Kind::kRefused && kind != Answer::Kind::kDone; }

}  // namespace

bool is_running(const services::Container& container) {
  return container.status == services::Status::kRunning || container.status == services::Status::kPaused;
}

Run run_of(const services::Container& container) { return {container.id, container.started}; }

Core::Core(services::Settings settings, services::Facts facts, Options options, runtime::Random& random)
    : facts_(std::move(facts)), identity_{{}, options.instance, options.adopted}, options_(std::move(options)), random_(random),
      holds_(options_.holds) {
  declare(std::move(settings));
}

std::vector<Action> Core::handle(const Event& event, Now now) {
  now_ = now;
  std::visit([&](const auto& one) { take(one); }, event);
  for (auto& [name, service] : services_) {
    service.restarts.poll(now.steady);
    if (service.declared) probe(service);
  }
  if (engine_) look();
  if (engine_ && trusted_) {
    decide();
    for (auto& [name, service] : services_) act(service);
    sweep_secrets();
  }
  return std::exchange(out_, {});
}

runtime::SteadyTime Core::wake() const {
  auto wake = now_.steady + options_.resync;
  if (engine_ && observe_ticket_ == 0) wake = look_retry_.failing() ? look_retry_.next() : next_look_;
  const auto sooner = [&](std::optional<runtime::SteadyTime> time) {
    if (time && *time > now_.steady) wake = std::min(wake, *time);
  };
  for (const auto& [name, service] : services_) {
    sooner(service.restarts.next());
    if (service.monitor) sooner(service.monitor->next());
    if (service.retry.failing()) sooner(service.retry.next());
    if (service.look.failing()) sooner(service.look.next());
  }
  for (const auto& [key, shared] : shared_)
    if (shared.retry.failing()) sooner(shared.retry.next());
  return std::max(wake, now_.steady);
}

// ---- events

void Core::take(const Answered& event) {
  const auto found = in_flight_.find(event.ticket);
  if (found == in_flight_.end()) return;
  const InFlight action = std::move(found->second);
  in_flight_.erase(found);
  if (event.ticket == observe_ticket_) {
    observe_ticket_ = 0;
    if (event.answer.kind == Answer::Kind::kDone && event.answer.observation)
      return take_observation(event.ticket, *event.answer.observation);
    look_at_all_ = true;
    return look_retry_.failed(now_.steady, chance(), is_uncertain(event.answer.kind));
  }
  if (!action.shared.empty()) return take_shared_answer(action, event.answer);
  if (Service* service = find(action.service)) take_answer(*service, action, event.answer);
}

// Whatever the answer is, the next thing is to look: only an inspect says what is so.
void Core::take_answer(Service& service, const InFlight& action, const Answer& answer) {
  service.in_flight = 0;
  const bool done = answer.kind == Answer::Kind::kDone;
  if (action.kind == Kind::kLook) {
    if (done && answer.containers) {
      service.look.reset();
      return take_containers(service, *answer.containers);
    }
    service.unseen = true;
    return service.look.failed(now_.steady, chance(), is_uncertain(answer.kind));
  }
  service.unseen = true;
  if (done) {
    service.last_done = service.doing;
    return;
  }
  service.error = answer.message;
  service.last_done.clear();
  if (action.kind == Kind::kCreate && answer.kind == Answer::Kind::kConflict) service.taken_generation = action.generation;
  if (action.kind == Kind::kStop) service.kill_next = true;
  service.retry.failed(now_.steady, chance(), is_uncertain(answer.kind));
}

void Core::take_shared_answer(const InFlight& action, const Answer& answer) {
  Shared& shared = shared_[action.shared];
  const bool done = answer.kind == Answer::Kind::kDone;
  if (action.kind == Kind::kPull || !done) shared.doubt = look_at_all_ = true;
  if (!done) {
    shared.ticket = last_ticket_;
    shared.error = answer.message;
    return shared.retry.failed(now_.steady, chance(), is_uncertain(answer.kind));
  }
  shared.retry.reset();
  shared.error.clear();
  shared.ticket = last_ticket_;
  const std::string name = action.shared.substr(action.shared.find(' ') + 1);
  if (action.shared.starts_with("network ")) networks_.push_back({name, {}, true});
  if (action.shared.starts_with("volume ")) volumes_.insert(name);
  if (action.shared.starts_with("secret ")) secrets_.insert(name);
  if (action.shared.starts_with("-secret ")) secrets_.erase(name);
}

void Core::take(const ProbeAnswered& event) {
  Service* service = find(event.service);
  if (service == nullptr || !service->monitor) return;
  service->monitor->answer(event.probe, event.outcome, now_.steady);
}

void Core::take(const Ended& event) {
  for (auto& [name, service] : services_) {
    if (!service.run || service.run->container != event.container) continue;
    service.gone = service.unseen = true;
  }
}

void Core::take(const Changed& event) {
  if (Service* service = find(event.service))
    service->unseen = true;
  else
    look_at_all_ = true;
}

void Core::take(const EngineLost& event) {
  engine_ = false;
  engine_reason_ = event.reason;
}

void Core::take(const EngineBack&) {
  engine_ = true;
  distrust();
  look_retry_.reset();
  for (auto& [name, service] : services_) service.look.reset();
}

void Core::take(const Declared& event) { declare(event.settings); }

void Core::take(const FactsChanged& event) {
  facts_ = event.facts;
  refresh_all();
}

void Core::take(const Command& event) {
  Service* service = find(event.service);
  if (service == nullptr || !service->declared) return;
  service->retry.reset();
  switch (event.verb) {
    case Command::Verb::kStop:
      holds_[event.service] = event.by;
      break;
    case Command::Verb::kRestart:
      service->to_restart = service->run;
      [[fallthrough]];
    case Command::Verb::kStart:
      holds_.erase(event.service);
      service->restarts.forget();
      break;
    case Command::Verb::kRetry:
      service->restarts.retry_now();
      break;
    case Command::Verb::kRefresh:
      service->refresh = true;
      break;
  }
}

void Core::take(const StopAll&) {
  stopping_all_ = true;
  for (auto& [name, service] : services_) service.retry.reset();
}

void Core::take(const Adopt& event) {
  identity_.adopted.push_back(event.instance);
  refresh_all();
}

// ---- what is declared

void Core::declare(services::Settings settings) {
  settings_ = std::move(settings);
  identity_.project = settings_.podman.project;
  graph_ = services::Graph(settings_.services);
  for (auto& [name, service] : services_) service.declared = false;
  for (const ServiceSettings& one : settings_.services) {
    const bool is_new = !services_.contains(one.name);
    Service& service = services_[one.name];
    service.name = one.name;
    service.declared = true;
    service.restarts.configure(one.restart);
    if (is_new) service.refresh = one.pull == services::Pull::kNewer;
    const bool checked = one.health.probe.kind != health::Kind::kNone;
    if (!service.monitor || service.settings.health != one.health) {
      service.monitor.reset();
      if (checked) service.monitor.emplace(one.health, spread_of(one.name));
      if (service.monitor && service.run) service.monitor->started(now_.steady);
    }
    service.settings = one;
  }
  std::erase_if(services_, [](const auto& one) { return !one.second.declared && one.second.containers.empty(); });
  distrust();  // images that were not asked for are not known
  refresh_all();
}

void Core::distrust() {
  trusted_ = false;
  look_at_all_ = true;
  trust_from_ = last_ticket_ + 1;
}

// ---- small things

bool Core::has(std::string_view service) const {
  const Service* found = find(service);
  return found != nullptr && found->declared;
}

Service* Core::find(std::string_view name) {
  const auto found = services_.find(name);
  return found == services_.end() ? nullptr : &found->second;
}

const Service* Core::find(std::string_view name) const { return const_cast<Core*>(this)->find(name); }

double Core::chance() {
  std::uint8_t bytes[4];
  random_.fill(bytes);
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value / 4294967296.0;
}

// Stopping is waiting, and pulling is somebody else's work.
std::size_t Core::work_under_way() const {
  return static_cast<std::size_t>(std::count_if(in_flight_.begin(), in_flight_.end(), [](const auto& one) {
    return one.second.kind == Kind::kCreate || one.second.kind == Kind::kOther;
  }));
}

bool Core::in_flight(std::string_view shared) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const auto& one) { return one.second.shared == shared; });
}

}  // namespace gatehouse::supervisor
