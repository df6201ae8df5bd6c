// Ends: notices the end of containers' processes within a millisecond, and whether the kernel killed in them for want of memory.
// Owner: the engine. Thread: the loop's. Stop: destroy it.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/services/observed.h"
#include "groups.h"

namespace gatehouse::engine {

class Ends {
 public:
  Ends(runtime::Loop& loop, std::function<void(const std::string& container)> on_end) : loop_(loop), on_end_(std::move(on_end)) {}

  void watch(const services::Container& container, const Groups& groups);  // one that runs; again is nothing new
  bool out_of_memory(const services::Container& container) const;          // in this run, as far as was seen
  void keep_only(const std::set<std::string>& containers);                 // the others are gone

 private:
  struct Run {
    runtime::WallTime started{};
    Groups groups;
    std::int64_t oom_kills = 0;  // before it was watched
    bool out_of_memory = false;
  };
  static runtime::Task<void> wait(Ends& ends, std::string container, runtime::WallTime started, UniqueFd process);
  void ended(const std::string& container, runtime::WallTime started);

  runtime::Loop& loop_;
  std::function<void(const std::string&)> on_end_;
  std::map<std::string, Run> runs_;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::engine
