// Signals: POSIX signals as calls on a loop. The handler only writes the number into a pipe (async-signal-safe, see
// signal-safety(7)); the callback runs in a turn of the loop. Whichever thread the kernel picks, none needs a mask.
//
//   runtime::Signals signals(loop, {SIGTERM, SIGHUP}, [](int number) { … });
//
// Owner: main; at most one at a time in a process. Thread: the loop's. Stop: from the destructor on the signals are ignored,
// because who asks a second time must not cut off what the process still writes on its way out.
// A child process starts with the default actions (runtime/process.h).
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::runtime {

class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  Task<void> watch();

  std::function<void(int)> on_signal_;
  UniqueFd write_end_;
  Waiter waiter_;
  Descriptor read_end_;
  std::vector<int> numbers_;
  TaskGroup task_;
};

}  // namespace gatehouse::runtime
