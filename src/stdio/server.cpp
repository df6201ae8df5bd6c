#include "gatehouse/stdio/server.h"

namespace gatehouse::stdio {

bool ServerState::take_process(std::uint32_t limit) noexcept {
  std::uint32_t now = processes_.load(std::memory_order_relaxed);
  do {
    if (now >= limit) return false;
  } while (!processes_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

void ServerState::failed(std::string_view error) {
  const std::lock_guard lock(mutex_);
  last_error_ = error;
  failing_.store(true, std::memory_order_relaxed);
}

void ServerState::succeeded() {
  if (!failing_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(mutex_);
  last_error_.clear();
  failing_.store(false, std::memory_order_relaxed);
}

std::string ServerState::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

}  // namespace gatehouse::stdio
