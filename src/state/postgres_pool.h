// A few connections to one PostgreSQL database, made when they are needed and kept.
//
// Waiting for a free one has a deadline: slug "database-busy". After a connection could not be made, the next attempts
// fail at once with the same error for a second, so that threads do not queue up behind a dead server.
// Thread: any. Owner: PostgresDatabase. Stop: the destructor, when no lease is out.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "gatehouse/runtime/clock.h"
#include "postgres.h"

namespace gatehouse::state {

struct PoolLimits {
  std::size_t connections = 4;
  std::chrono::milliseconds wait{5'000};
  std::chrono::milliseconds pause{1'000};  // after a failure to connect
  std::chrono::milliseconds ask{10'000};   // for the outcome of a commit
  PostgresLimits connection{};
};

class PostgresPool {
 public:
  PostgresPool(PostgresAddress address, const PoolLimits& limits, Watch& watch, runtime::Clock& clock);

  // A connection for one user; back in the pool when it goes. A broken one takes the idle ones with it: the server that
  // ended it has most likely ended them, too.
  class Lease {
   public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    PostgresConnection& operator*() const { return *connection_; }

   private:
    PostgresPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };
  Result<Lease> take();

  // Waits a moment before somebody asks again.
  void wait_a_moment(std::chrono::milliseconds moment);

 private:
  void give_back(std::unique_ptr<PostgresConnection> connection);
  Result<Lease> connect();  // for a place that is counted in open_
  Error busy() const;

  const PostgresAddress address_;
  const PoolLimits limits_;
  Watch& watch_;
  runtime::Clock& clock_;
  struct Failure {
    Error error;
    runtime::SteadyTime at;
  };
  std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  std::size_t open_ = 0;  // idle, in use, and being made
  std::optional<Failure> failure_;
};

}  // namespace gatehouse::state
