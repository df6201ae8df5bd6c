// LoginThrottle: at most kBurst attempts at once and kPerMinute a minute for one pair of client and username (generic
// cell rate algorithm: one time per pair). Bounded; when full, the pair that was quiet for longest is forgotten.
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
  static constexpr std::size_t kMaxPairs = 10000;

  // Zero: go on. Otherwise: come back after so many seconds (rounded up); the attempt does not count.
  std::chrono::seconds admit(std::string_view client, std::string_view username, runtime::SteadyTime now);
  void forget(std::string_view client, std::string_view username);
  std::size_t size() const noexcept { return pairs_.size(); }

 private:
  struct Pair {
    std::string name;
    runtime::SteadyTime full_again;  // when its allowance is complete
  };
  std::list<Pair> pairs_;  // the longest quiet first
  std::unordered_map<std::string, std::list<Pair>::iterator> by_name_;
};

}  // namespace gatehouse::access
