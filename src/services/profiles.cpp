#include <algorithm>
#include <array>
#include <map>

#include "gatehouse/services/known.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

void add_module(std::vector<Module>& modules, Module module) {
  if (std::find(modules.begin(), modules.end(), module) == modules.end()) modules.push_back(module);
}

bool meets(const std::vector<std::string>& wanted, const std::vector<std::string>& active) {
  return wanted.empty() || std::find_first_of(wanted.begin(), wanted.end(), active.begin(), active.end()) != wanted.end();
}

// Chooses services by name, each with the first reason.
class Chooser {
 public:
  Chooser(const std::vector<ServiceSettings>& declared, Limits limits) : declared_(declared), limits_(limits) {}

  bool choose(std::string_view name, std::string reason) {
    if (chosen_.contains(name)) return true;
    const auto found = std::find_if(declared_.begin(), declared_.end(), [&](const auto& one) { return one.name == name; });
    if (found == declared_.end() && !is_known(name)) return false;
    ServiceSettings settings = found != declared_.end() ? *found : default_service(name, limits_);
    order_.push_back(settings.name);
    chosen_.emplace(name, Chosen{std::move(settings), std::move(reason)});
    return true;
  }

  void choose_dependencies(std::vector<Problem>& problems) {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const ServiceSettings service = chosen_.at(order_[i]).settings;
      for (const Dependency& dependency : service.depends_on)
        if (!choose(dependency.service, "needed by " + service.name) && dependency.required)
          problems.push_back(unknown(service.name, dependency.service));
    }
  }

  std::vector<Chosen> take() {
    std::vector<Chosen> out;
    for (auto& [name, chosen] : chosen_) out.push_back(std::move(chosen));
    return out;
  }

 private:
  Problem unknown(const std::string& service, const std::string& dependency) const {
    std::vector<std::string> names = known_services();
    for (const ServiceSettings& one : declared_) names.push_back(one.name);
    return {"services." + service + ".depends_on." + dependency, "unknown-service",
            "no service is called " + yaml::quoted(dependency), yaml::suggest(dependency, names)};
  }

  const std::vector<ServiceSettings>& declared_;
  const Limits limits_;
  std::map<std::string, Chosen, std::less<>> chosen_;
  std::vector<std::string> order_;  // as they were chosen
};

}  // namespace

std::string_view to_string(Module module) {
  static constexpr std::array<std::string_view, 4> kNames = {"gateway", "monitoring", "templates", "platform"};
  return kNames[static_cast<std::size_t>(module)];
}

std::span<const Profile> profiles() {
  static const std::array<Profile, 6> kProfiles = {{
      {"development", {Module::kGateway, Module::kTemplates, Module::kPlatform}, {}, Limits::kOff},
      {"gateway", {Module::kGateway}, {"postgres", "redis"}},
      {"monitoring", {Module::kMonitoring}, {"prometheus", "grafana"}},
      {"platform", {Module::kPlatform}, {}},
      {"production",
       {Module::kGateway, Module::kMonitoring},
       {"postgres", "redis", "prometheus", "grafana"}},
      {"templates", {Module::kTemplates}, {}},
  }};
  return kProfiles;
}

const Profile* find_profile(std::string_view name) {
  const auto all = profiles();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Profile& profile) { return profile.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Limits limits_of(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  return has("development") && !has("production") ? Limits::kOff : Limits::kOn;
}

Selection select(const std::vector<std::string>& active, const std::vector<ServiceSettings>& declared) {
  Selection out;
  Chooser chooser(declared, limits_of(active));
  for (const ServiceSettings& service : declared)
    if (meets(service.profiles, active)) chooser.choose(service.name, "declared");
  std::vector<std::string> names;
  for (const Profile& profile : profiles()) names.emplace_back(profile.name);
  for (const std::string& name : active) {
    const Profile* profile = find_profile(name);
    if (profile == nullptr) {
      out.problems.push_back(
          {"profile", "unknown-profile", "no profile is called " + yaml::quoted(name), yaml::suggest(name, names)});
      continue;
    }
    for (const Module module : profile->modules) add_module(out.modules, module);
    for (const std::string_view service : profile->services) chooser.choose(service, "profile " + name);
  }
  chooser.choose_dependencies(out.problems);
  out.services = chooser.take();
  return out;
}

}  // namespace gatehouse::services
