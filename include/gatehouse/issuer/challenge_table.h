// ChallengeTable: what live challenges answer with, looked up by the edge. Solvers write it on their loop, connections of every
// loop read it. As long as no challenge is live, which is nearly always, a look-up is one relaxed load.
//
//   http-01      token → key authorization; the edge serves it under acme::kHttpPath, before every other filter
//   tls-alpn-01  SNI → certificate, for a handshake that offers "acme-tls/1" and nothing else
//
// Owner: main; it outlives edge and solvers. Thread: any.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/tls/certificate.h"

namespace gatehouse::issuer {

template <class Value>
class ChallengeTable {
 public:
  void put(std::string key, Value value) {
    const std::lock_guard lock(mutex_);
    live_.insert_or_assign(std::move(key), std::move(value));
    count_.store(live_.size(), std::memory_order_relaxed);
  }
  void remove(std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(key);
    if (found != live_.end()) live_.erase(found);
    count_.store(live_.size(), std::memory_order_relaxed);
  }
  std::optional<Value> find(std::string_view key) const {
    if (empty()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(key);
    return found == live_.end() ? std::nullopt : std::optional<Value>(found->second);
  }
  bool empty() const noexcept { return count_.load(std::memory_order_relaxed) == 0; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Value, std::less<>> live_;
  std::atomic<std::size_t> count_{0};
};

using HttpTokens = ChallengeTable<std::string>;
using AlpnCertificates = ChallengeTable<std::shared_ptr<const tls::Certificate>>;

}  // namespace gatehouse::issuer
