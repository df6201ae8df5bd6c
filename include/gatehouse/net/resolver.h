// Resolver: names to endpoints through getaddrinfo, on the offload pool, so that no loop ever waits for DNS. Answers are
// kept for 30 s (getaddrinfo tells no lifetime), failures for 2 s; callers that ask for the same name at the same time
// share one look-up. IP literals and Unix paths need none.
//
//   auto endpoints = co_await resolver.resolve(address);   // never empty when it is a value
//
// Errors: "name-not-found" (the message has the resolver's words), "resolver-busy" (the pool's queue is full).
// Owner: one per loop. Thread: its loop; the pool must outlive it. Stop: destroying a caller abandons its wait; the
// look-up ends on its thread and its answer is dropped or kept for the next caller.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/net/address.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::net {

using Endpoints = std::vector<Endpoint>;

class Resolver {
 public:
  using Lookup = std::function<Result<Endpoints>(const Address&)>;  // blocking; called on the pool's threads

  Resolver(runtime::Loop& loop, runtime::OffloadPool& pool);                 // getaddrinfo
  Resolver(runtime::Loop& loop, runtime::OffloadPool& pool, Lookup lookup);  // for tests
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  runtime::Task<Result<Endpoints>> resolve(Address address);
  void forget();  // drops every kept answer

 private:
  struct Entry;
  struct State;
  std::shared_ptr<Entry> find_or_start(Address address);  // null: the pool is full

  runtime::Loop& loop_;
  runtime::OffloadPool& pool_;
  std::shared_ptr<State> state_;
};

}  // namespace gatehouse::net
