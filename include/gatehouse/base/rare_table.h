// RareTable: values by name that hardly ever exist, and that many threads ask for all the time: challenges of certificate
// authorities. While the table is empty, asking costs one load; only then a short lock. Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse {

template <class T>
class RareTable {
 public:
  void set(std::string name, std::shared_ptr<const T> value) {
    const std::lock_guard lock(mutex_);
    values_.insert_or_assign(std::move(name), std::move(value));
    size_.store(values_.size(), std::memory_order_release);
  }
  void remove(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const auto found = values_.find(name); found != values_.end()) values_.erase(found);
    size_.store(values_.size(), std::memory_order_release);
  }
  bool empty() const noexcept { return size_.load(std::memory_order_acquire) == 0; }

  // Null: nothing is called so. What is given out lives on when it is removed.
  std::shared_ptr<const T> find(std::string_view name) const {
    if (empty()) return nullptr;
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(name);
    return found != values_.end() ? found->second : nullptr;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const T>, std::less<>> values_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace gatehouse
