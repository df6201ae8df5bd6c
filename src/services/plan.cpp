#include "gatehouse/services/plan.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

// The strongest first.
constexpr std::pair<Remedy, Verb> kVerbs[] = {
    {Remedy::kRecreate, Verb::kRecreate}, {Remedy::kRepair, Verb::kRepair}, {Remedy::kReport, Verb::kReport}};

bool runs(const Container& container) { return container.status == Status::kRunning || container.status == Status::kPaused; }

bool has(const std::vector<Difference>& fields, Remedy remedy) {
  return std::any_of(fields.begin(), fields.end(), [&](const Difference& one) { return one.remedy == remedy; });
}

std::string count_text(const std::vector<Difference>& fields, Remedy remedy) {
  const auto count = std::count_if(fields.begin(), fields.end(), [&](const Difference& one) { return one.remedy == remedy; });
  return std::to_string(count) + (count == 1 ? " field differs" : " fields differ");
}

PlanItem item(Verb verb, const Spec& spec, const Container* container, std::string reason, std::vector<Difference> fields = {}) {
  return {verb, "service", spec.settings.name, container == nullptr ? "" : container->name, std::move(reason), std::move(fields)};
}

std::string foreign_text(const Container& foreign) {
  const auto labels = read_labels(foreign.labels);
  return "its container belongs to another daemon, instance " + yaml::quoted(labels ? labels->instance : "") +
         "; it can be adopted";
}

PlanItem plan_not_running(const Spec& spec, const Container& container, const Wish& wish, std::vector<Difference> fields) {
  if (container.status == Status::kStopping || container.status == Status::kRemoving)
    return item(Verb::kNothing, spec, &container, "it is " + std::string(to_string(container.status)), std::move(fields));
  if (container.status == Status::kUnknown)
    return item(Verb::kNothing, spec, &container, "its state is not known", std::move(fields));
  if (wish.kind == Wish::Kind::kLeave) return item(Verb::kNothing, spec, &container, wish.reason, std::move(fields));
  const std::string reason = container.status == Status::kExited ? "it exited with code " + std::to_string(container.exit_code)
                                                                 : "it was never started";
  return item(Verb::kStart, spec, &container, reason, std::move(fields));
}

}  // namespace

Identity::Owner Identity::owner_of(const Labels& labels) const {
  if (labels.project != project) return Owner::kNobody;
  if (labels.instance == instance) return Owner::kUs;
  return std::find(adopted.begin(), adopted.end(), labels.instance) != adopted.end() ? Owner::kUs : Owner::kOther;
}

Claimed claim(std::string_view service, const std::vector<Container>& containers, const Identity& identity) {
  Claimed out;
  std::vector<std::pair<std::uint64_t, const Container*>> found;
  for (const Container& container : containers) {
    const auto labels = read_labels(container.labels);
    if (!labels || labels->service != service) continue;
    const Identity::Owner owner = identity.owner_of(*labels);
    if (owner == Identity::Owner::kOther) out.foreign = &container;
    if (owner == Identity::Owner::kUs) found.emplace_back(labels->generation, &container);
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return std::tie(a.first, a.second->name) > std::tie(b.first, b.second->name); });
  for (const auto& [generation, container] : found) out.ours.push_back(container);
  out.generation = found.empty() ? 0 : found.front().first;
  return out;
}

const Container* current_of(const Claimed& claimed, const Spec& spec) {
  const auto& ours = claimed.ours;
  if (ours.empty()) return nullptr;
  const auto made_from = [&](const Container* one) {
    const auto labels = read_labels(one->labels);
    return labels && labels->hash == spec.hash && one->status != Status::kRemoving;
  };
  if (const auto found = std::find_if(ours.begin(), ours.end(), made_from); found != ours.end()) return *found;
  const auto running = std::find_if(ours.begin(), ours.end(), [](const Container* one) { return runs(*one); });
  return running != ours.end() ? *running : ours.front();
}

std::string pinned_digest(const ServiceSettings& settings, const Claimed& claimed, const Images& images) {
  const auto image = images.find(settings.image);
  const std::string now = image == images.end() ? "" : image->second;
  if (settings.pull == Pull::kNewer && !now.empty()) return now;
  for (const Container* container : claimed.ours) {
    const auto labels = read_labels(container->labels);
    if (!labels || !labels->fields) continue;
    const auto reference = labels->fields->find("image");
    const auto digest = labels->fields->find("image_digest");
    if (reference == labels->fields->end() || digest == labels->fields->end()) continue;
    if (reference->second == settings.image) return digest->second;
  }
  return now;
}

std::string_view to_string(Verb verb) {
  static constexpr std::array<std::string_view, 10> kNames = {"nothing", "pull", "create", "start",  "repair",
                                                              "recreate", "stop", "remove", "report", "blocked"};
  return kNames[static_cast<std::size_t>(verb)];
}

PlanItem plan_service(const Spec& spec, const Claimed& claimed, const Wish& wish, const Identity& identity) {
  const Container* current = current_of(claimed, spec);
  if (wish.kind == Wish::Kind::kStop) {
    const bool running = current != nullptr && (runs(*current) || current->status == Status::kUnknown);
    return item(running ? Verb::kStop : Verb::kNothing, spec, current, wish.reason);
  }
  if (current == nullptr && claimed.foreign != nullptr)
    return item(Verb::kBlocked, spec, claimed.foreign, foreign_text(*claimed.foreign));
  if (current == nullptr) {
    const bool leave = wish.kind == Wish::Kind::kLeave;
    return item(leave ? Verb::kNothing : Verb::kCreate, spec, nullptr, leave ? wish.reason : "there is no container");
  }
  const auto labels = read_labels(current->labels);
  const std::string name = container_name(identity.project, spec.settings.name, labels ? labels->generation : 0, 1);
  std::vector<Difference> fields = compare(spec, *current, name);
  for (const auto& [remedy, verb] : kVerbs) {
    if (remedy != Remedy::kRecreate && !runs(*current)) return plan_not_running(spec, *current, wish, std::move(fields));
    if (!has(fields, remedy)) continue;
    std::string reason = count_text(fields, remedy);
    return item(verb, spec, current, std::move(reason), std::move(fields));
  }
  return item(Verb::kNothing, spec, current, "as declared");
}

}  // namespace gatehouse::services
