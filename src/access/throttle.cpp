#include "throttle.h"

#include <algorithm>

namespace gatehouse::access {

namespace {

constexpr runtime::Duration kInterval = runtime::Duration(std::chrono::minutes(1)) / LoginThrottle::kPerMinute;
static_assert(kInterval == std::chrono::seconds(12));
constexpr runtime::Duration kTolerance = kInterval * (LoginThrottle::kBurst - 1);
constexpr std::size_t kMaxPart = 128;

// Of a pair, or of the client alone, which no username spells.
std::string name_of(std::string_view client, std::string_view username) {
  std::string name(client.substr(0, kMaxPart));
  name += '\0';
  for (const char c : username.substr(0, kMaxPart)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return name;
}

std::string client_name(std::string_view client) { return std::string(client.substr(0, kMaxPart)); }

}  // namespace

LoginThrottle::Place LoginThrottle::find_or_add(std::string name, runtime::SteadyTime now) {
  const auto found = by_name_.find(name);
  if (found != by_name_.end()) {
    allowances_.splice(allowances_.end(), allowances_, found->second);
    return found->second;
  }
  if (allowances_.size() >= kMaxNames) {
    by_name_.erase(allowances_.front().name);
    allowances_.pop_front();
  }
  allowances_.push_back({std::move(name), now});
  return by_name_.emplace(allowances_.back().name, std::prev(allowances_.end())).first->second;
}

std::chrono::seconds LoginThrottle::admit(std::string_view client, std::string_view username, runtime::SteadyTime now) {
  const auto wait_of = [now](Place one) { return std::max(one->full_again, now) - now - kTolerance; };
  // A client that is refused adds no names: it cannot push others out.
  const Place own = find_or_add(client_name(client), now);
  if (wait_of(own) > runtime::Duration::zero()) return std::chrono::ceil<std::chrono::seconds>(wait_of(own));
  const Place pair = find_or_add(name_of(client, username), now);
  if (wait_of(pair) > runtime::Duration::zero()) return std::chrono::ceil<std::chrono::seconds>(wait_of(pair));
  for (const Place one : {own, pair}) one->full_again = std::max(one->full_again, now) + kInterval;
  return std::chrono::seconds(0);
}

void LoginThrottle::succeeded(std::string_view client, std::string_view username) {
  if (const auto own = by_name_.find(client_name(client)); own != by_name_.end()) own->second->full_again -= kInterval;
  const auto found = by_name_.find(name_of(client, username));
  if (found == by_name_.end()) return;
  allowances_.erase(found->second);
  by_name_.erase(found);
}

}  // namespace gatehouse::access
