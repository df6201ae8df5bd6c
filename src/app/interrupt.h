// Ctrl-C of a verb that has something to end first. The first signal (SIGINT, SIGTERM, SIGHUP) makes the descriptor readable
// and, on a terminal, says so; the second ends the process at once.
// Owner: the verb; one at a time. Thread: the main one. Stop: the destructor gives the signals their meaning back.
#pragma once

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::app {

class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();

  int descriptor() const noexcept { return read_end_.get(); }
  int exit_code() const noexcept;  // 128 and the number of the signal

 private:
  UniqueFd read_end_, write_end_;
};

}  // namespace gatehouse::app
