// state::Store in memory: enough for access, and it can be told to fail. The real store has its own contract tests.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include "gatehouse/state/store.h"

namespace gatehouse::fakes {

class MemoryStore final : public state::Store {
 public:
  // Not empty: every operation answers this error.
  std::optional<Error> failure;
  std::vector<state::Change> log;
  std::map<std::int64_t, state::User> user_rows;
  std::map<std::int64_t, state::ApiKey> key_rows;
  std::map<std::string, state::WallTime> revoked;
  std::map<std::string, std::string> settings;

  Status ping() override { return failure ? Status(*failure) : Status(); }
  state::WriteHealth write_health() override { return {}; }
  Status try_write() override { return ping(); }
  Status check_integrity() override { return ping(); }
  Result<std::int64_t> add_user(const state::User& user, const state::Change& change) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    for (const auto& [id, row] : user_rows) {
      if (row.username == user.username) return make_error("conflict", "taken");
    }
    state::User row = user;
    row.id = ++last_id_;
    user_rows[row.id] = row;
    log.push_back(change);
    return row.id;
  }
  Status update_user(const state::User& user, const state::Change& change) override {
    return edit(user_rows, user.id, change, [&](state::User& row) {
      const std::string hash = row.password_hash;
      row = user;
      row.password_hash = hash;
    });
  }
  Status remove_user(std::int64_t id, const state::Change& change) override {
    auto found = edit(user_rows, id, change, [](state::User&) {});
    if (!found) return found;
    user_rows.erase(id);
    std::erase_if(key_rows, [&](const auto& entry) { return entry.second.user_id == id; });
    return {};
  }
  Result<state::User> user(std::int64_t id) override { return one(user_rows, id); }
  Result<state::User> user_named(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    for (const auto& [id, row] : user_rows) {
      if (row.username == name) return row;
    }
    return make_error("not-found", "user does not exist");
  }
  Result<std::vector<state::User>> users() override { return all(user_rows); }
  Status set_password_hash(std::int64_t id, std::string_view hash, const state::Change& change) override {
    return edit(user_rows, id, change, [&](state::User& row) {
      row.password_hash = hash;
      ++row.token_generation;
    });
  }
  Status upgrade_password_hash(std::int64_t id, std::string_view expected, std::string_view replacement) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    if (user_rows[id].password_hash == expected) user_rows[id].password_hash = replacement;
    return {};
  }
  Result<std::int64_t> add_key(const state::ApiKey& key, const state::Change& change) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    state::ApiKey row = key;
    row.id = ++last_id_;
    key_rows[row.id] = row;
    log.push_back(change);
    return row.id;
  }
  Status revoke_key(std::int64_t id, const state::Change& change) override {
    return edit(key_rows, id, change, [](state::ApiKey& row) { row.active = false; });
  }
  Result<state::ApiKey> key(std::int64_t id) override { return one(key_rows, id); }
  Result<std::vector<state::ApiKey>> keys() override { return all(key_rows); }
  Status record_key_use(const std::vector<std::pair<std::int64_t, state::WallTime>>& uses) override {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, at] : uses) key_rows[id].last_used = at;
    return {};
  }
  Status revoke_token(const state::RevokedToken& token, const state::Change& change) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    revoked[token.token_id] = token.expires;
    log.push_back(change);
    return {};
  }
  Result<std::vector<state::RevokedToken>> revoked_tokens() override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    std::vector<state::RevokedToken> rows;
    for (const auto& [id, at] : revoked) rows.push_back({id, at});
    return rows;
  }
  Status put_template(const state::ServerTemplate&, const state::Change&) override { return unused(); }
  Status remove_template(std::string_view, const state::Change&) override { return unused(); }
  Result<std::vector<state::ServerTemplate>> templates() override { return unused(); }
  Status add_instance(const state::ServerInstance&, const state::Change&) override { return unused(); }
  Status update_instance(const state::ServerInstance&, const state::Change&) override { return unused(); }
  Status remove_instance(std::string_view, std::string_view, const state::Change&) override { return unused(); }
  Result<state::ServerInstance> instance(std::string_view) override { return unused(); }
  Result<std::vector<state::ServerInstance>> instances() override { return unused(); }
  Status record_health(std::string_view, std::string_view, std::int64_t, state::WallTime) override { return unused(); }
  Result<std::optional<std::string>> setting(std::string_view name) override {
    const std::lock_guard lock(mutex_);
    const auto found = settings.find(std::string(name));
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  }
  Status put_setting(std::string_view, std::string_view, const state::Change&) override { return unused(); }
  Result<std::string> setting_or_store(std::string_view name, std::string_view value, const state::Change&) override {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    return settings.emplace(name, value).first->second;
  }
  Status append_audit(const state::Change& change) override {
    const std::lock_guard lock(mutex_);
    log.push_back(change);
    return {};
  }
  Result<std::vector<state::AuditEntry>> audit(std::int64_t, std::size_t) override { return unused(); }

 private:
  static Error unused() { return make_error("database-failed", "not part of this fake"); }
  template <class Row>
  Result<Row> one(const std::map<std::int64_t, Row>& rows, std::int64_t id) {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    const auto found = rows.find(id);
    if (found == rows.end()) return make_error("not-found", "row does not exist");
    return found->second;
  }
  template <class Row>
  Result<std::vector<Row>> all(const std::map<std::int64_t, Row>& rows) {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    std::vector<Row> values;
    for (const auto& [id, row] : rows) values.push_back(row);
    return values;
  }
  template <class Row, class Edit>
  Status edit(std::map<std::int64_t, Row>& rows, std::int64_t id, const state::Change& change, Edit apply) {
    const std::lock_guard lock(mutex_);
    if (failure) return *failure;
    const auto found = rows.find(id);
    if (found == rows.end()) return make_error("not-found", "row does not exist");
    apply(found->second);
    log.push_back(change);
    return {};
  }

  std::mutex mutex_;
  std::int64_t last_id_ = 0;
};

}  // namespace gatehouse::fakes
