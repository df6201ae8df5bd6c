// LoginThrottle: at most kBurst attempts at once and kPerMinute a minute for one pair of client and username, and for one
// client whatever the names (generic cell rate algorithm: one time for each). Attempts that succeed do not count. Names are
// folded (ASCII), so that spellings do not count apart. Bounded; when full, who was quiet for longest is forgotten.
// Sans-IO. Thread: one at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::access {

class LoginThrottle {
 public:
  static constexpr int kPerMinute = 5;
  static constexpr int kBurst = 20;
  static constexpr std::size_t kMaxNames = 20000;

  // Zero: go on. Otherwise: come back after so many seconds (rounded up); the attempt does not count.
  std::chrono::seconds admit(std::string_view client, std::string_view username, runtime::SteadyTime now);
  // The attempt succeeded: the pair is forgotten, and the client gets this one back.
  void succeeded(std::string_view client, std::string_view username);
  std::size_t size() const noexcept { return allowances_.size(); }

 private:
  struct Allowance {
    std::string name;
    runtime::SteadyTime full_again;
  };
  using Place = std::list<Allowance>::iterator;
  Place find_or_add(std::string name, runtime::SteadyTime now);

  std::list<Allowance> allowances_;  // the longest quiet first
  std::unordered_map<std::string, Place> by_name_;
};

}  // namespace gatehouse::access
