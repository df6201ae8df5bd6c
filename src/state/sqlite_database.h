// Database on one SQLite file: WAL, synchronous=FULL, one connection under one mutex.
#pragma once

#include <memory>
#include <mutex>

#include "database.h"
#include "gatehouse/base/unique_fd.h"
#include "sqlite.h"

namespace gatehouse::state {

// For this process, until the descriptor is closed: PATH.lock, links in PATH resolved.
Result<UniqueFd> lock_database(const std::string& path);

class SqliteDatabase final : public Database {
 public:
  // Locks the file for this process (PATH.lock, links in PATH resolved), checks it and brings its schema up to date. Errors
  // as in gatehouse/state/open.h.
  static Result<std::unique_ptr<Database>> open(const std::string& path, runtime::WallTime now);

  const std::string& name() const noexcept override { return db_->path(); }
  Status ping() override;
  Status check_integrity() override;
  Status read(const std::function<Status(Session&)>& work) override;
  Status write(const std::function<Result<Mark>(Session&)>& work) override;
  Status transfer(const std::function<Status(Session&)>& work) override;
  Result<std::int64_t> last_id(Session& session, std::string_view table) override;
  Status set_last_id(Session& session, std::string_view table, std::int64_t id) override;
  Status check_unused(Session&) override { return {}; }  // its lock tells

 private:
  SqliteDatabase(UniqueFd lock, std::unique_ptr<SqliteConnection> db) : lock_(std::move(lock)), db_(std::move(db)) {}

  UniqueFd lock_;  // outlives the connection
  std::mutex mutex_;
  std::unique_ptr<SqliteConnection> db_;  // guarded by mutex_
};

}  // namespace gatehouse::state
