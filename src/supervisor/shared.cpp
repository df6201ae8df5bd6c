// What several services need: network, images, volumes, secrets. Each is made once, however many want it.
#include <algorithm>

#include "core.h"

namespace gatehouse::supervisor {

namespace {

using services::Verb;

using Names = std::set<std::string, std::less<>>;

}  // namespace

// True: it is there. Otherwise it is asked for, unless somebody has done so, or it is too early to try again.
template <class What>
bool Core::want(const std::string& key, bool there, Service& service, What what) {
  if (there) return true;
  Shared& shared = shared_[key];
  service.missing += (service.missing.empty() ? "" : ", ") + key;
  if (shared.retry.failing()) {
    service.error = shared.error;
    service.next_prepare = shared.retry.next();
  }
  if (in_flight(key) || shared.doubt || !shared.retry.ready(now_.steady)) return false;
  constexpr Kind kKind = std::is_same_v<What, Pull> ? Kind::kPull : Kind::kMake;
  shared.ticket = emit({}, std::move(what), {.kind = kKind, .shared = key});
  return false;
}

bool Core::prepare_network(Service& service) {
  const services::PodmanSettings& podman = settings_.podman;
  const bool there = std::any_of(networks_.begin(), networks_.end(), [&](const auto& one) { return one.name == podman.network; });
  return want("network " + podman.network, there, service, CreateNetwork{podman.network, podman.subnet});
}

bool Core::prepare(Service& service) {
  const services::ServiceSettings& settings = service.settings;
  service.missing.clear();
  service.next_prepare.reset();
  bool all = prepare_network(service);
  for (const services::Volume& volume : settings.volumes)
    if (!volume.source.starts_with('/'))
      all &= want("volume " + volume.source, volumes_.contains(volume.source), service, CreateVolume{volume.source});
  for (const services::SecretFile& secret : settings.secrets) {
    const std::string name = services::secret_name(identity_.project, secret.name, facts_.secret_versions.at(secret.name));
    all &= want("secret " + name, secrets_.contains(name), service, CreateSecret{name, secret});
  }
  const std::string image = "image " + settings.image;
  const bool there = !service.spec->image_digest.empty();
  if (!there && settings.pull == services::Pull::kNever) {
    service.error = "its image " + settings.image + " is not there, and is not to be pulled";
    return false;
  }
  all &= want(image, there, service, Pull{settings.image, false});
  return all && !in_flight(image);
}

// A look that was begun before something was done for a name tells nothing about that name.
void Core::take_shared(std::uint64_t ticket, const services::Observation& observation) {
  Names volumes = observation.volumes, secrets = observation.secrets;
  std::vector<services::Network> networks = observation.networks;
  const auto keep = [](Names& names, const Names& believed, const std::string& name) {
    if (believed.contains(name))
      names.insert(name);
    else
      names.erase(name);
  };
  for (auto& [key, shared] : shared_) {
    if (shared.ticket < ticket && !in_flight(key)) {
      shared.doubt = false;
      continue;
    }
    const std::string name = key.substr(key.find(' ') + 1);
    if (key.starts_with("volume ")) keep(volumes, volumes_, name);
    if (key.starts_with("secret ") || key.starts_with("-secret ")) keep(secrets, secrets_, name);
    if (key.starts_with("network ")) networks = networks_;
  }
  std::erase_if(shared_,
                [&](const auto& one) { return !one.second.retry.failing() && !one.second.doubt && !in_flight(one.first); });
  networks_ = std::move(networks);
  volumes_ = std::move(volumes);
  secrets_ = std::move(secrets);
  images_ = observation.images;
}

bool Core::settled() const {
  return std::all_of(services_.begin(), services_.end(), [](const auto& one) {
    const Service& service = one.second;
    const bool quiet = service.item.verb == Verb::kNothing || service.item.verb == Verb::kReport;
    const bool alone = service.claimed.ours.size() == 1 && service.claimed.foreign == nullptr;
    return service.declared && service.spec && quiet && alone && service.in_flight == 0 && !service.unseen;
  });
}

// Old versions go when every container has the new ones.
void Core::sweep_secrets() {
  if (secrets_.empty() || !settled()) return;
  Names wanted;
  for (const auto& one : settings_.services)
    for (const services::SecretFile& secret : one.secrets)
      wanted.insert(services::secret_name(identity_.project, secret.name, facts_.secret_versions.at(secret.name)));
  for (const std::string& name : secrets_) {
    const std::string key = "-secret " + name;
    if (wanted.contains(name) || in_flight(key)) continue;
    Shared& shared = shared_[key];
    if (shared.doubt || !shared.retry.ready(now_.steady)) continue;
    shared.ticket = emit({}, RemoveSecret{name}, {.kind = Kind::kMake, .shared = key});
    return;
  }
}

}  // namespace gatehouse::supervisor
