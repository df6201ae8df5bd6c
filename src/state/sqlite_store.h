// Store on one SQLite file: WAL, synchronous=FULL, one connection under one mutex.
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>

#include "gatehouse/state/store.h"
#include "sqlite.h"

namespace gatehouse::state {

class SqliteStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::string& path, runtime::WallTime now);

  Status ping() override;
  Status check_integrity() override;

  Result<std::int64_t> add_user(const User& user, const Change& change) override;
  Status update_user(const User& user, const Change& change) override;
  Status remove_user(std::int64_t id, const Change& change) override;
  Result<User> user(std::int64_t id) override;
  Result<User> user_named(std::string_view username) override;
  Result<std::vector<User>> users() override;
  Status set_password_hash(std::int64_t id, std::string_view hash, const Change& change) override;
  Status upgrade_password_hash(std::int64_t id, std::string_view expected, std::string_view replacement) override;

  Result<std::int64_t> add_key(const ApiKey& key, const Change& change) override;
  Status revoke_key(std::int64_t id, const Change& change) override;
  Result<ApiKey> key(std::int64_t id) override;
  Result<std::vector<ApiKey>> keys() override;
  Status record_key_use(const std::vector<std::pair<std::int64_t, WallTime>>& uses) override;

  Status revoke_token(const RevokedToken& token, const Change& change) override;
  Result<std::vector<RevokedToken>> revoked_tokens() override;

  Status put_template(const ServerTemplate& row, const Change& change) override;
  Status remove_template(std::string_view name, const Change& change) override;
  Result<std::vector<ServerTemplate>> templates() override;
  Status add_instance(const ServerInstance& row, const Change& change) override;
  Status update_instance(const ServerInstance& row, const Change& change) override;
  Status remove_instance(std::string_view template_name, std::string_view id, const Change& change) override;
  Result<ServerInstance> instance(std::string_view id) override;
  Result<std::vector<ServerInstance>> instances() override;
  Status record_health(std::string_view id, std::string_view status, std::int64_t consecutive_failures,
                       WallTime at) override;

  Result<std::optional<std::string>> setting(std::string_view name) override;
  Status put_setting(std::string_view name, std::string_view value, const Change& change) override;
  Result<std::string> setting_or_store(std::string_view name, std::string_view value, const Change& change) override;

  Status append_audit(const Change& change) override;
  Result<std::vector<AuditEntry>> audit(std::int64_t before, std::size_t limit) override;

 private:
  explicit SqliteStore(std::unique_ptr<Connection> db) : db_(std::move(db)) {}

  // `work` and the audit row of `change` in one transaction.
  template <class Work>
  std::invoke_result_t<Work> write(const Change& change, Work work) {
    const std::lock_guard lock(mutex_);
    auto transaction = Transaction::begin(*db_);
    if (!transaction) return std::move(transaction).error();
    auto result = work();
    if (!result) return result;
    if (auto noted = note(change); !noted) return std::move(noted).error();
    if (auto done = transaction->commit(); !done) return std::move(done).error();
    return result;
  }
  Status note(const Change& change);
  // Zero changed rows mean that the row is not there.
  Status changed_one(Result<std::int64_t> changed, std::string_view what) const;
  Result<std::optional<std::string>> setting_locked(std::string_view name);
  Status check_metadata(const ServerInstance& row);
  Result<ServerInstance> with_command(ServerInstance row, std::string_view command);

  std::mutex mutex_;
  std::unique_ptr<Connection> db_;  // guarded by mutex_
};

// The only row, or "not-found".
template <class T>
Result<T> only(Result<std::vector<T>> rows, std::string_view what) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return make_error("not-found", std::string(what) + " does not exist");
  return std::move(rows->front());
}

}  // namespace gatehouse::state
