// The next action of one service. Nothing is done while something is under way for it, or before it was looked at again.
#include <algorithm>

#include "core.h"

namespace gatehouse::supervisor {

namespace {

using services::Container;
using services::Difference;
using services::Status;
using services::Verb;

constexpr std::chrono::seconds kPatience{30};  // beyond the grace, before an end is forced

std::vector<std::string> named_volumes(const services::ServiceSettings& settings) {
  std::vector<std::string> names;
  for (const services::Volume& volume : settings.volumes)
    if (!volume.source.starts_with('/')) names.push_back(volume.source);
  return names;
}

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
}

}  // namespace

void Core::act(Service& service) {
  if (service.in_flight != 0 || service.unseen || !service.retry.ready(now_.steady)) return;
  if (work_under_way() >= options_.parallel) return;
  if (unstick(service)) return;
  if (service.declared)
    act_on_plan(service);
  else
    act_on_orphan(service);
}

void Core::act_on_plan(Service& service) {
  const bool restart = service.to_restart && service.to_restart == service.run;
  if (service.refresh && service.item.verb != Verb::kStop) {
    const std::string key = "image " + service.settings.image;
    if (!in_flight(key))
      shared_[key].ticket = emit({}, Pull{service.settings.image, true}, {.kind = Kind::kPull, .shared = key});
    service.refresh = false;
  }
  switch (service.item.verb) {
    case Verb::kStop:
      return stop_running(service);
    case Verb::kCreate:
    case Verb::kRecreate:
      return create(service);
    case Verb::kStart:
      if (service.running != nullptr) return stop_running(service);  // what it replaces
      return perform(service, Start{service.current->id});
    case Verb::kRepair:
      return restart ? stop_running(service) : repair(service);
    case Verb::kNothing:
    case Verb::kReport:
      return restart ? stop_running(service) : sweep(service);
    case Verb::kBlocked:
    case Verb::kPull:
    case Verb::kRemove:
      return;
  }
}

// The new container is made while the old one still runs: what cannot be made costs nothing.
void Core::create(Service& service) {
  if (!prepare(service)) return;
  service.error.clear();
  const services::Spec& spec = *service.spec;
  InFlight flight{.kind = Kind::kCreate, .volumes = named_volumes(spec.settings)};
  // Two containers with one volume, made at once, block each other for ever in Podman before 4.8.
  const auto blocked = [&](const auto& one) {
    return one.second.kind == Kind::kCreate && overlap(one.second.volumes, flight.volumes);
  };
  if (std::any_of(in_flight_.begin(), in_flight_.end(), blocked)) return;
  flight.generation = std::max(service.claimed.generation, service.taken_generation) + 1;
  const std::string name = services::container_name(identity_.project, service.name, flight.generation, 1);
  auto labels = services::make_labels(
      {identity_.project, identity_.instance, service.name, flight.generation, 1, spec.hash, spec.fields});
  perform(service, Create{name, std::move(labels), service.spec}, std::move(flight));
}

void Core::repair(Service& service) {
  const auto& fields = service.item.fields;
  const auto found =
      std::find_if(fields.begin(), fields.end(), [](const Difference& one) { return one.remedy == services::Remedy::kRepair; });
  const Difference& field = *found;
  const std::string& id = service.current->id;
  if (field.path == "status") return perform(service, Unpause{id});
  if (!field.path.starts_with("networks.")) return perform(service, UpdateLimits{id, service.settings.resources});
  const std::string network = field.path.substr(field.path.find('.') + 1);
  if (field.desired.empty()) return perform(service, Disconnect{id, network});
  if (!prepare_network(service)) return;
  std::vector<std::string> aliases = service.settings.aliases;
  aliases.insert(aliases.begin(), service.name);
  perform(service, Connect{id, network, std::move(aliases)});
}

// Who is to go as well and depends on it goes first.
bool Core::may_stop(const Service& service) const {
  const auto& edges = graph_.dependants(service.name);
  return std::none_of(edges.begin(), edges.end(), [&](const services::Edge& edge) { return services_.at(edge.from).leaving; });
}

void Core::stop_running(Service& service) {
  if (service.running == nullptr || !may_stop(service)) return;
  const std::string& id = service.running->id;
  if (service.running->status == Status::kPaused) return perform(service, Unpause{id});  // a frozen process cannot end
  service.stop_asked = run_of(*service.running);
  if (service.kill_next) {
    service.kill_next = false;
    return perform(service, Kill{id}, {.kind = Kind::kStop});
  }
  const auto grace = service.declared ? std::optional(service.settings.stop_timeout) : std::nullopt;
  perform(service, Stop{id, grace}, {.kind = Kind::kStop});
}

// Older generations go when the newer one runs; what never ran goes at once.
void Core::sweep(Service& service) {
  const bool stands = service.current != nullptr && service.current == service.running;
  for (const Container* one : service.claimed.ours) {
    if (one == service.current || one->status == Status::kRemoving || one->status == Status::kStopping) continue;
    if (!stands && one->status != Status::kCreated) continue;
    if (is_running(*one)) {
      service.stop_asked = run_of(*one);
      return perform(service, Stop{one->id, service.settings.stop_timeout}, {.kind = Kind::kStop});
    }
    return perform(service, Remove{one->id, false});
  }
  service.last_done.clear();
  service.retry.reset();
  service.error.clear();
}

// Nobody declares it any more. It goes when nothing that is declared is being changed, which may still need it.
void Core::act_on_orphan(Service& service) {
  const bool changing = std::any_of(services_.begin(), services_.end(), [](const auto& one) {
    return one.second.declared && (one.second.leaving || one.second.item.verb == Verb::kRecreate);
  });
  if (changing && !stopping_all_) return;
  if (service.running != nullptr) return stop_running(service);
  if (stopping_all_) return;
  for (const Container* one : service.claimed.ours)
    if (one->status != Status::kRemoving && one->status != Status::kStopping) return perform(service, Remove{one->id, false});
}

// An end that takes far too long: its monitor process has died, and Podman waits for it for ever.
bool Core::unstick(Service& service) {
  for (const auto& [id, since] : service.ending) {
    if (now_.steady - since < service.settings.stop_timeout + kPatience) continue;
    perform(service, Remove{id, true});
    return true;
  }
  return false;
}

// The same action again, although it was done and nothing else happened, has no effect: not too often, then.
template <class What>
void Core::perform(Service& service, What what, InFlight flight) {
  const std::string run = service.current == nullptr ? "" : std::to_string(service.current->started.time_since_epoch().count());
  const std::string doing = describe(Action{0, service.name, what}) + " " + run;
  if (doing == service.last_done) {
    service.last_done.clear();
    service.error = "Podman says that it is done, but it is not";
    return service.retry.failed(now_.steady, chance(), false);
  }
  if (doing != service.doing) {
    service.retry.reset();
    service.error.clear();
  }
  service.doing = doing;
  flight.service = service.name;
  service.in_flight = service.last_ticket = emit(service.name, std::move(what), std::move(flight));
}

}  // namespace gatehouse::supervisor
