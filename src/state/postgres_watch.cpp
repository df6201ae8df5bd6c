#include "postgres_watch.h"

#include <sys/socket.h>

namespace gatehouse::state {

Watch::Watch(runtime::Clock& clock) : clock_(clock), thread_([this] { work(); }) {}

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Watch::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    cut_late();
    const auto next = earliest();
    if (next) changed_.wait_for(lock, *next - clock_.now());
    else changed_.wait(lock);
  }
}

void Watch::cut_late() {
  const runtime::SteadyTime now = clock_.now();
  for (Entry& entry : entries_) {
    if (entry.cut || entry.deadline > now) continue;
    ::shutdown(entry.socket, SHUT_RDWR);
    entry.cut = true;
  }
}

std::optional<runtime::SteadyTime> Watch::earliest() const {
  std::optional<runtime::SteadyTime> first;
  for (const Entry& entry : entries_) {
    if (!entry.cut && (!first || entry.deadline < *first)) first = entry.deadline;
  }
  return first;
}

Watch::Guard::Guard(Watch& watch, int socket, std::chrono::milliseconds limit) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  const auto before = watch_.earliest();
  const runtime::SteadyTime deadline = watch_.clock_.now() + limit;
  entry_ = watch_.entries_.insert(watch_.entries_.end(), {socket, deadline});
  if (!before || deadline < *before) watch_.changed_.notify_one();
}

Watch::Guard::~Guard() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.entries_.erase(entry_);
}

}  // namespace gatehouse::state
