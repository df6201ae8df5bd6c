// What the loader refuses about services, and what an audit lists. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/problem.h"
#include "gatehouse/services/settings.h"

namespace gatehouse::services {

bool is_service_name(std::string_view text);

// Of one service by itself. Slugs "bad-name", "image-missing", "bad-target", "duplicate-target", "forbidden-mount",
// "public-database", "bad-limit", "readable-secret", "bad-health". `state_directory`: the daemon's own, never mounted.
std::vector<Problem> check_service(const ServiceSettings& service, const std::string& state_directory);

// Of services among each other, all that shall run: slugs "unknown-service", "dependency-cycle", "no-health-check",
// "never-completes", "duplicate-port".
std::vector<Problem> check_together(const std::vector<ServiceSettings>& services);

// What makes the service less confined than the default, one sentence each.
std::vector<std::string> loosened(const ServiceSettings& service);

}  // namespace gatehouse::services
