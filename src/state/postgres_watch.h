// Watch: a deadline for every round trip to a server. libpq waits for an answer without a limit, and keepalives tell only
// of machines that vanished, not of a server that stands still. When the time is over, the connection's socket is shut
// down; libpq then sees that the connection broke.
//
// Thread: any; one of its own waits for the earliest deadline. Owner: the pool. Stop: the destructor, when nothing is armed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <thread>

#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::state {

class Watch {
 public:
  explicit Watch(runtime::Clock& clock);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

 private:
  struct Entry {
    int socket;
    runtime::SteadyTime deadline;
    bool cut = false;
  };

 public:
  // While it lives, the deadline holds. `socket` is a descriptor of the watched connection that only the caller closes.
  class Guard {
   public:
    Guard(Watch& watch, int socket, std::chrono::milliseconds limit);
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard();

   private:
    Watch& watch_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void work();
  void cut_late();  // with the mutex held, as the next one
  std::optional<runtime::SteadyTime> earliest() const;

  runtime::Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> entries_;  // guarded by mutex_, as is stopping_
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gatehouse::state
