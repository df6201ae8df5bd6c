// What everything in this room stands on; all of it outlives its users.
#pragma once

#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::backup {

struct Host {
  runtime::Loop& loop;
  runtime::OffloadPool& offload;
  runtime::Clock& clock;
};

}  // namespace gatehouse::backup
