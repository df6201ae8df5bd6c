// Database on one SQLite file: WAL, synchronous=FULL, one connection under one mutex.
#pragma once

#include <memory>
#include <mutex>

#include "database.h"
#include "sqlite.h"

namespace gatehouse::state {

class SqliteDatabase final : public Database {
 public:
  // Checks the file and brings its schema up to date. Errors as in gatehouse/state/open.h.
  static Result<std::unique_ptr<Database>> open(const std::string& path, runtime::WallTime now);

  const std::string& name() const noexcept override { return db_->path(); }
  Status ping() override;
  Status check_integrity() override;
  Status read(const std::function<Status(Session&)>& work) override;
  Status write(const std::function<Result<Mark>(Session&)>& work) override;
  Status transfer(const std::function<Status(Session&)>& work) override;
  Result<std::int64_t> last_id(Session& session, std::string_view table) override;
  Status set_last_id(Session& session, std::string_view table, std::int64_t id) override;
  Status check_unused(Session&) override { return {}; }  // the lock of its directory tells

 private:
  explicit SqliteDatabase(std::unique_ptr<SqliteConnection> db) : db_(std::move(db)) {}

  std::mutex mutex_;
  std::unique_ptr<SqliteConnection> db_;  // guarded by mutex_
};

}  // namespace gatehouse::state
