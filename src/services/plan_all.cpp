// The plan of everything.
#include <algorithm>
#include <set>

#include "gatehouse/services/plan.h"

namespace gatehouse::services {

namespace {

class Planner {
 public:
  Planner(const Settings& settings, const Facts& facts, const Observation& observation, const Identity& identity)
      : settings_(settings), facts_(facts), observation_(observation), identity_(identity) {}

  void network() {
    const std::string& name = settings_.podman.network;
    const auto& all = observation_.networks;
    if (settings_.services.empty()) return;
    if (std::none_of(all.begin(), all.end(), [&](const Network& one) { return one.name == name; }))
      missing(Verb::kCreate, "network", name);
  }

  void images(const ServiceSettings& service) {
    const bool there = !pinned_digest(service, claim(service.name, observation_.containers, identity_), observation_.images).empty();
    if (!there && service.pull != Pull::kNever) missing(Verb::kPull, "image", service.image);
  }

  void volumes(const ServiceSettings& service) {
    for (const Volume& volume : service.volumes)
      if (!volume.source.starts_with('/') && !observation_.volumes.contains(volume.source))
        missing(Verb::kCreate, "volume", volume.source);
  }

  void secrets(const ServiceSettings& service) {
    for (const SecretFile& secret : service.secrets) {
      const auto version = facts_.secret_versions.find(secret.name);
      if (version == facts_.secret_versions.end()) continue;
      const std::string name = secret_name(identity_.project, secret.name, version->second);
      if (!observation_.secrets.contains(name)) missing(Verb::kCreate, "secret", name);
    }
  }

  void service(const ServiceSettings& service, const Wish& wish) {
    const Claimed claimed = claim(service.name, observation_.containers, identity_);
    const auto spec = resolve(service, settings_.podman, facts_, pinned_digest(service, claimed, observation_.images));
    if (!spec) {
      plan_.items.push_back({Verb::kBlocked, "service", service.name, {}, spec.error().message});
      return;
    }
    PlanItem item = plan_service(*spec, claimed, wish, identity_);
    const Container* current = current_of(claimed, *spec);
    const bool replaced = item.verb == Verb::kRecreate;
    plan_.items.push_back(std::move(item));
    for (const Container* container : claimed.ours)
      if (container != current && !replaced) left_over(*container, service.name, "an older generation");
  }

  void orphans() {
    for (const Container& container : observation_.containers) {
      const auto labels = read_labels(container.labels);
      if (!labels || identity_.owner_of(*labels) != Identity::Owner::kUs) continue;
      const auto& wanted = settings_.services;
      if (std::none_of(wanted.begin(), wanted.end(), [&](const auto& one) { return one.name == labels->service; }))
        left_over(container, labels->service, "the service is not declared any more");
    }
  }

  Plan take() { return std::move(plan_); }

 private:
  void missing(Verb verb, const std::string& kind, const std::string& name) {
    if (told_.insert(kind + " " + name).second) plan_.items.push_back({verb, kind, name, {}, "it is not there"});
  }
  void left_over(const Container& container, const std::string& service, const std::string& reason) {
    plan_.items.push_back({Verb::kRemove, "service", service, container.name, reason});
  }

  const Settings& settings_;
  const Facts& facts_;
  const Observation& observation_;
  const Identity& identity_;
  std::set<std::string> told_;
  Plan plan_;
};

}  // namespace

bool Plan::changes() const {
  return std::any_of(items.begin(), items.end(), [](const PlanItem& item) { return item.verb != Verb::kNothing; });
}

Plan make_plan(const Settings& settings, const Facts& facts, const Observation& observation, const Identity& identity,
               const std::map<std::string, Wish, std::less<>>& wishes) {
  Planner planner(settings, facts, observation, identity);
  std::vector<const ServiceSettings*> sorted;
  for (const ServiceSettings& service : settings.services) sorted.push_back(&service);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  planner.network();
  for (const ServiceSettings* service : sorted) planner.images(*service);
  for (const ServiceSettings* service : sorted) planner.volumes(*service);
  for (const ServiceSettings* service : sorted) planner.secrets(*service);
  for (const ServiceSettings* service : sorted) {
    const auto wish = wishes.find(service->name);
    planner.service(*service, wish == wishes.end() ? Wish{} : wish->second);
  }
  planner.orphans();
  return planner.take();
}

}  // namespace gatehouse::services
