// Store on a Database, the same for SQLite and PostgreSQL.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "database.h"
#include "gatehouse/state/store.h"
#include "write_watch.h"

namespace gatehouse::state {

class SqlStore final : public Store {
 public:
  SqlStore(std::unique_ptr<Database> database, runtime::Clock& clock)
      : clock_(clock), database_(std::move(database)), watch_(database_->name(), clock) {}

  Status ping() override;
  WriteHealth write_health() override { return watch_.health(); }
  Status try_write() override;
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
  // Every change goes through here.
  Status commit(const std::function<Result<Mark>(Session&)>& work) {
    Status done = database_->write(work);
    watch_.note(done);
    return done;
  }
  // `work` and the audit row of `change` in one transaction.
  template <class Work>
  std::invoke_result_t<Work, Session&> write(const Change& change, Work work) {
    std::optional<std::invoke_result_t<Work, Session&>> result;
    const Status done = commit([&](Session& session) -> Result<Mark> {
      result.emplace(work(session));
      if (!*result) return result->error();
      return note(session, change);
    });
    if (!done) return done.error();
    return *std::move(result);
  }
  template <class Work>
  std::invoke_result_t<Work, Session&> read(Work work) {
    std::optional<std::invoke_result_t<Work, Session&>> result;
    const Status done = database_->read([&](Session& session) -> Status {
      result.emplace(work(session));
      return *result ? Status() : Status(result->error());
    });
    if (!done) return done.error();
    return *std::move(result);
  }
  static Result<Mark> note(Session& session, const Change& change);

  runtime::Clock& clock_;
  std::unique_ptr<Database> database_;
  WriteWatch watch_;
};

inline Error no_such(std::string_view what) { return make_error("not-found", std::string(what) + " does not exist"); }

// Zero changed rows mean that the row is not there.
inline Status changed_one(Result<Answer> answer, std::string_view what) {
  if (!answer) return std::move(answer).error();
  return answer->changed == 0 ? Status(no_such(what)) : Status();
}

// The only row, or "not-found".
template <class T>
Result<T> only(Result<std::vector<T>> rows, std::string_view what) {
  if (!rows) return std::move(rows).error();
  if (rows->empty()) return no_such(what);
  return std::move(rows->front());
}

}  // namespace gatehouse::state
