#include "ends.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::engine {

namespace {

UniqueFd open_process(std::int64_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::int64_t oom_kills_in(const Groups& groups) { return usage_in(groups).oom_kills.value_or(0); }

}  // namespace

void Ends::watch(const services::Container& container, const Groups& groups) {
  const auto known = runs_.find(container.id);
  if (known != runs_.end() && known->second.started == container.started) {
    if (oom_kills_in(groups) > known->second.oom_kills) known->second.out_of_memory = true;
    return;
  }
  UniqueFd process = open_process(container.pid);
  if (!process) return;
  runs_[container.id] = {container.started, groups, oom_kills_in(groups), false};
  tasks_.spawn(wait(*this, container.id, container.started, std::move(process)));
}

runtime::Task<void> Ends::wait(Ends& ends, std::string container, runtime::WallTime started, UniqueFd process) {
  runtime::Waiter waiter(ends.loop_);
  const runtime::Descriptor descriptor(ends.loop_, std::move(process), &waiter);
  while (!descriptor.readable()) co_await waiter.wait();
  ends.ended(container, started);
}

// Podman removes the group some 100 ms later.
void Ends::ended(const std::string& container, runtime::WallTime started) {
  const auto found = runs_.find(container);
  if (found == runs_.end() || found->second.started != started) return;
  if (oom_kills_in(found->second.groups) > found->second.oom_kills) found->second.out_of_memory = true;
  on_end_(container);
}

bool Ends::out_of_memory(const services::Container& container) const {
  const auto found = runs_.find(container.id);
  return found != runs_.end() && found->second.started == container.started && found->second.out_of_memory;
}

void Ends::keep_only(const std::set<std::string>& containers) {
  std::erase_if(runs_, [&](const auto& one) { return !containers.contains(one.first); });
}

}  // namespace gatehouse::engine
