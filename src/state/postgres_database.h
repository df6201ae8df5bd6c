// Database on PostgreSQL: a small pool of connections as the application role, others for what only the owner may do.
//
// When a connection breaks, the server rolls back what was under way; the work is done again on a new one, three times at
// most, and only the last failure is shown. Not so when it broke between COMMIT and its answer: then the new connection
// asks what became of the transaction. It was committed: success. It was not: as above. Nobody can tell within ten
// seconds: slug "outcome-unknown", and the work is not repeated.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "postgres_pool.h"

namespace gatehouse::state {

struct PostgresRoles {
  PostgresAddress application;
  PostgresAddress owner;  // the same when one role does both
};

class PostgresDatabase final : public Database {
 public:
  // Brings the schema up to date. Errors as in gatehouse/state/open.h.
  static Result<std::unique_ptr<Database>> open(const PostgresRoles& roles, const PoolLimits& limits, runtime::Clock& clock);

  const std::string& name() const noexcept override { return name_; }
  Status ping() override;
  Status check_integrity() override;
  Status read(const std::function<Status(Session&)>& work) override;
  Status write(const std::function<Result<Mark>(Session&)>& work) override;
  Status transfer(const std::function<Status(Session&)>& work) override;
  Result<std::int64_t> last_id(Session& session, std::string_view table) override;
  Status set_last_id(Session& session, std::string_view table, std::int64_t id) override;
  Status check_unused(Session& session) override;

 private:
  // What can be said of a transaction when it has ended for us.
  enum class End { kCommitted, kRolledBack, kUnknown };
  struct Attempt {
    Status status;
    bool again = false;  // it is certain that nothing was changed, and the next attempt may do better
  };

  PostgresDatabase(const PostgresRoles& roles, const PoolLimits& limits, runtime::Clock& clock);
  Attempt try_write(const std::function<Result<Mark>(Session&)>& work);
  Status commit(PostgresConnection& connection, Mark mark, std::int64_t& transaction);
  End ask(std::int64_t transaction, Mark mark);
  Result<std::unique_ptr<PostgresConnection>> connect_as_owner();

  PostgresRoles roles_;
  std::string name_;
  PoolLimits limits_;
  runtime::Clock& clock_;
  Watch watch_;
  PostgresPool pool_;
};

}  // namespace gatehouse::state
