// Blocking work on the offload pool, awaited on the loop.
#pragma once

#include <type_traits>
#include <utility>

#include "gatehouse/base/result.h"
#include "gatehouse/backup/host.h"

namespace gatehouse::backup {

// `work` gives a Result; a full pool is the error "overloaded". Capture values only: the work may outlive whoever waits for it.
template <class Work>
runtime::Task<std::invoke_result_t<Work>> away(Host host, Work work) {
  auto done = co_await runtime::offload(host.offload, host.loop, std::move(work));
  if (!done) co_return make_error("overloaded", "too much work is waiting");
  co_return *std::move(done);
}

}  // namespace gatehouse::backup
