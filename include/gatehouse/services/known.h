// What is known without configuration: services with complete defaults, and profiles.
//
//   ServiceSettings redis = default_service("redis", Limits::kOn);  // then the keys of services.redis go on top
//   Selection chosen = select(profiles, declared);                  // what these profiles run
//
// A profile is a set of modules and known services; several add up. What a chosen service depends on is chosen with it when
// it is declared or known; another name is a problem. Pure functions; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/problem.h"
#include "gatehouse/services/settings.h"

namespace gatehouse::services {

// Whether the limits and reservations of production are among the defaults. Profile development applies none.
enum class Limits { kOff, kOn };

std::vector<std::string> known_services();  // in alphabetical order
bool is_known(std::string_view name);
ServiceSettings default_service(std::string_view name, Limits limits);  // an unknown name: the defaults of any container

enum class Module { kGateway, kMonitoring, kTemplates, kPlatform };
std::string_view to_string(Module module);  // "gateway"

struct Profile {
  std::string_view name;
  std::vector<Module> modules;
  std::vector<std::string_view> services;
  Limits limits = Limits::kOn;
};
std::span<const Profile> profiles();
const Profile* find_profile(std::string_view name);
Limits limits_of(const std::vector<std::string>& profiles);  // kOff: development is among them, and production is not

struct Chosen {
  ServiceSettings settings;
  std::string reason;  // "declared", "profile monitoring", "needed by grafana"
};

struct Selection {
  std::vector<Module> modules;
  std::vector<Chosen> services;  // in alphabetical order
  std::vector<Problem> problems;
};
Selection select(const std::vector<std::string>& profiles, const std::vector<ServiceSettings>& declared);

}  // namespace gatehouse::services
