// Module: a part of the daemon with a life. main owns modules, starts them in order and stops them in reverse: first
// drain(), then, at the deadline, the destructor. start() must leave nothing behind when it fails.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::runtime {

struct ModuleState {
  std::string name;     // the room
  std::string state;    // pending, starting, healthy, degraded, stopping, failed
  std::string reason;   // empty when healthy
  bool ready() const { return state == "healthy" || state == "degraded"; }
};

class Module {
 public:
  virtual ~Module() = default;
  virtual ModuleState state() const = 0;
};

}  // namespace gatehouse::runtime
