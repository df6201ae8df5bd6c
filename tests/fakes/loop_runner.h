// Runs tasks on a loop of their own until they end, in real time: for tests with real peers.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "gatehouse/base/check.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::fakes {

class LoopRunner {
 public:
  explicit LoopRunner(runtime::Clock& clock = runtime::system_clock()) : loop(clock) {}

  // Turns the loop until the condition holds; false: not in time.
  bool until(const std::function<bool()>& holds, std::chrono::milliseconds at_most = std::chrono::seconds(60)) {
    const auto end = runtime::system_clock().now() + at_most;
    while (!holds()) {
      if (runtime::system_clock().now() > end) return false;
      loop.run_for_test(std::chrono::milliseconds(2));
    }
    return true;
  }

  template <class T>
  T run(runtime::Task<T> task, std::chrono::milliseconds at_most = std::chrono::seconds(60)) {
    std::optional<T> result;
    runtime::TaskGroup group;
    group.spawn(keep(std::move(task), result));
    GATEHOUSE_CHECK(until([&] { return result.has_value(); }, at_most));
    return *std::move(result);
  }

  runtime::Loop loop;

 private:
  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    T value = co_await task;
    out.emplace(std::move(value));
  }
};

}  // namespace gatehouse::fakes
