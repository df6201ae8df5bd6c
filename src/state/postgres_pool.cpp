#include "postgres_pool.h"

#include <utility>

namespace gatehouse::state {

PostgresPool::PostgresPool(PostgresAddress address, const PoolLimits& limits, Watch& watch, runtime::Clock& clock)
    : address_(std::move(address)), limits_(limits), watch_(watch), clock_(clock) {}

Result<PostgresPool::Lease> PostgresPool::take() {
  std::unique_lock lock(mutex_);
  const auto free = [this] { return !idle_.empty() || open_ < limits_.connections; };
  if (!freed_.wait_for(lock, limits_.wait, free)) return busy();
  if (!idle_.empty()) {
    Lease lease(*this, std::move(idle_.back()));
    idle_.pop_back();
    return lease;
  }
  if (failure_ && clock_.now() - failure_->at < limits_.pause) return failure_->error;
  ++open_;
  lock.unlock();
  return connect();
}

Result<PostgresPool::Lease> PostgresPool::connect() {
  auto connection = PostgresConnection::open(address_, limits_.connection, watch_);
  const std::lock_guard lock(mutex_);
  if (connection) {
    failure_.reset();
    return Lease(*this, *std::move(connection));
  }
  --open_;
  failure_ = {connection.error(), clock_.now()};
  freed_.notify_one();
  return std::move(connection).error();
}

void PostgresPool::give_back(std::unique_ptr<PostgresConnection> connection) {
  std::vector<std::unique_ptr<PostgresConnection>> closing;  // outside of the lock
  const std::lock_guard lock(mutex_);
  if (connection->broken()) {
    closing = std::exchange(idle_, {});
    closing.push_back(std::move(connection));
    open_ -= closing.size();
    freed_.notify_all();
  } else {
    idle_.push_back(std::move(connection));
    freed_.notify_one();
  }
}

void PostgresPool::wait_a_moment(std::chrono::milliseconds moment) {
  std::unique_lock lock(mutex_);
  (void)freed_.wait_for(lock, moment);
}

Error PostgresPool::busy() const {
  return make_error("database-busy",
                    "database " + address_.name() + ": all " + std::to_string(limits_.connections) +
                        " connections were in use for " + std::to_string(limits_.wait.count()) + " ms",
                    "raise state.postgres.connections, or look what keeps the server busy");
}

}  // namespace gatehouse::state
