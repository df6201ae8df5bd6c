// The one deadline of a call. The work runs beside its deadline and is destroyed when the time is over, whatever it waits for:
// a look-up, a socket, the next piece of a body.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "gatehouse/client/fetch.h"

namespace gatehouse::client {

struct Deadline {
  Deadline(runtime::Loop& loop, std::chrono::milliseconds time) : waiter(loop), timer(waiter) { restart(time); }

  void restart(std::chrono::milliseconds time) {
    limit = time;
    timer.disarm();
    if (time != kForever) timer.arm(time);
  }
  Error error(const std::string& who) const {
    return make_error("timeout", who + " took more than " + std::to_string(limit.count()) + " ms (" + doing + ")");
  }

  runtime::Waiter waiter;
  runtime::Timer timer;
  std::chrono::milliseconds limit{};
  const char* doing = "looking up the name";
};

template <class T>
runtime::Task<void> deliver(runtime::Task<T> task, std::optional<T>& out, runtime::Waiter& waiter) {
  T value = co_await task;
  out.emplace(std::move(value));
  waiter.notify();
}

template <class T>
runtime::Task<Result<T>> within(Deadline& deadline, std::string who, runtime::Task<Result<T>> task) {
  std::optional<Result<T>> out;
  runtime::TaskGroup work;
  work.spawn(deliver(std::move(task), out, deadline.waiter));
  while (!out && !deadline.timer.expired()) co_await deadline.waiter.wait();
  if (!out) co_return deadline.error(who);
  co_return std::move(*out);
}

}  // namespace gatehouse::client
