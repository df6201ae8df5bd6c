#include "throttle.h"

#include <algorithm>

namespace gatehouse::access {

namespace {

constexpr runtime::Duration kInterval = runtime::Duration(std::chrono::minutes(1)) / LoginThrottle::kPerMinute;
static_assert(kInterval == std::chrono::seconds(12));
constexpr runtime::Duration kTolerance = kInterval * (LoginThrottle::kBurst - 1);
constexpr std::size_t kMaxPart = 128;

std::string name_of(std::string_view client, std::string_view username) {
  std::string name(client.substr(0, kMaxPart));
  name += '\0';
  name += username.substr(0, kMaxPart);
  return name;
}

}  // namespace

std::chrono::seconds LoginThrottle::admit(std::string_view client, std::string_view username, runtime::SteadyTime now) {
  const std::string name = name_of(client, username);
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    if (pairs_.size() >= kMaxPairs) {
      by_name_.erase(pairs_.front().name);
      pairs_.pop_front();
    }
    pairs_.push_back({name, now});
    found = by_name_.emplace(name, std::prev(pairs_.end())).first;
  }
  Pair& pair = *found->second;
  const runtime::SteadyTime full_again = std::max(pair.full_again, now);
  if (const runtime::Duration wait = full_again - now - kTolerance; wait > runtime::Duration::zero()) {
    return std::chrono::ceil<std::chrono::seconds>(wait);
  }
  pair.full_again = full_again + kInterval;
  pairs_.splice(pairs_.end(), pairs_, found->second);
  return std::chrono::seconds(0);
}

void LoginThrottle::forget(std::string_view client, std::string_view username) {
  const auto found = by_name_.find(name_of(client, username));
  if (found == by_name_.end()) return;
  pairs_.erase(found->second);
  by_name_.erase(found);
}

}  // namespace gatehouse::access
