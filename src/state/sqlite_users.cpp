// SqliteStore: users, API keys, revoked tokens.
#include "lists.h"
#include "sqlite_store.h"

namespace gatehouse::state {

namespace {

#define USER_COLUMNS                                                                                             \
  "id, username, email, full_name, scopes, is_active, is_superuser, password_hash, token_generation, created_at, " \
  "updated_at"
#define KEY_COLUMNS \
  "id, user_id, name, description, scopes, is_active, expires_at, created_at, last_used, key_hmac"

User read_user(const Row& row) {
  User user;
  user.id = row.integer(0);
  user.username = row.text(1);
  user.email = row.text(2);
  user.full_name = row.text(3);
  user.scopes = split_words(row.text(4));
  user.active = row.flag(5);
  user.superuser = row.flag(6);
  user.password_hash = row.text(7);
  user.token_generation = row.integer(8);
  user.created = row.time(9);
  user.updated = row.time(10);
  return user;
}

ApiKey read_key(const Row& row) {
  ApiKey key;
  key.id = row.integer(0);
  key.user_id = row.integer(1);
  key.name = row.text(2);
  key.description = row.text(3);
  key.scopes = split_words(row.text(4));
  key.active = row.flag(5);
  key.expires = row.time(6);
  key.created = row.time(7);
  key.last_used = row.optional_time(8);
  key.hmac = row.text(9);
  return key;
}

std::string user_called(std::int64_t id) { return "user " + std::to_string(id); }
std::string key_called(std::int64_t id) { return "key " + std::to_string(id); }

}  // namespace

Result<std::int64_t> SqliteStore::add_user(const User& user, const Change& change) {
  return write(change, [&]() -> Result<std::int64_t> {
    auto id = db_->insert(
        "INSERT INTO users (username, email, full_name, scopes, is_active, is_superuser, password_hash,"
        " token_generation, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        user.username, user.email, user.full_name, join_words(user.scopes), user.active, user.superuser,
        user.password_hash, user.token_generation, user.created, user.updated);
    if (!id && id.error().slug == "conflict") {
      return make_error("conflict", "a user called '" + user.username + "' exists already");
    }
    return id;
  });
}

Status SqliteStore::update_user(const User& user, const Change& change) {
  return write(change, [&]() -> Status {
    auto changed = db_->run(
        "UPDATE users SET username = ?, email = ?, full_name = ?, scopes = ?, is_active = ?, is_superuser = ?,"
        " token_generation = ?, updated_at = ? WHERE id = ?",
        user.username, user.email, user.full_name, join_words(user.scopes), user.active, user.superuser,
        user.token_generation, user.updated, user.id);
    return changed_one(std::move(changed), user_called(user.id));
  });
}

Status SqliteStore::remove_user(std::int64_t id, const Change& change) {
  return write(change, [&] { return changed_one(db_->run("DELETE FROM users WHERE id = ?", id), user_called(id)); });
}

Result<User> SqliteStore::user(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return only(db_->query("SELECT " USER_COLUMNS " FROM users WHERE id = ?", read_user, id), user_called(id));
}

Result<User> SqliteStore::user_named(std::string_view username) {
  const std::lock_guard lock(mutex_);
  return only(db_->query("SELECT " USER_COLUMNS " FROM users WHERE username = ?", read_user, username), "user");
}

Result<std::vector<User>> SqliteStore::users() {
  const std::lock_guard lock(mutex_);
  return db_->query("SELECT " USER_COLUMNS " FROM users ORDER BY id", read_user);
}

Status SqliteStore::set_password_hash(std::int64_t id, std::string_view hash, const Change& change) {
  return write(change, [&] {
    auto changed = db_->run(
        "UPDATE users SET password_hash = ?, token_generation = token_generation + 1, updated_at = ? WHERE id = ?", hash,
        change.at, id);
    return changed_one(std::move(changed), user_called(id));
  });
}

Status SqliteStore::upgrade_password_hash(std::int64_t id, std::string_view expected, std::string_view replacement) {
  const std::lock_guard lock(mutex_);
  auto changed =
      db_->run("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?", replacement, id, expected);
  if (!changed) return std::move(changed).error();
  return {};
}

Result<std::int64_t> SqliteStore::add_key(const ApiKey& key, const Change& change) {
  return write(change, [&] {
    return db_->insert(
        "INSERT INTO api_keys (user_id, name, description, scopes, is_active, expires_at, created_at, last_used,"
        " key_hmac) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        key.user_id, key.name, key.description, join_words(key.scopes), key.active, key.expires, key.created,
        key.last_used, Blob{key.hmac});
  });
}

Status SqliteStore::revoke_key(std::int64_t id, const Change& change) {
  return write(change, [&] {
    return changed_one(db_->run("UPDATE api_keys SET is_active = 0 WHERE id = ?", id), key_called(id));
  });
}

Result<ApiKey> SqliteStore::key(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return only(db_->query("SELECT " KEY_COLUMNS " FROM api_keys WHERE id = ?", read_key, id), key_called(id));
}

Result<std::vector<ApiKey>> SqliteStore::keys() {
  const std::lock_guard lock(mutex_);
  return db_->query("SELECT " KEY_COLUMNS " FROM api_keys ORDER BY id", read_key);
}

Status SqliteStore::record_key_use(const std::vector<std::pair<std::int64_t, WallTime>>& uses) {
  const std::lock_guard lock(mutex_);
  auto transaction = Transaction::begin(*db_);
  if (!transaction) return std::move(transaction).error();
  for (const auto& [id, at] : uses) {
    auto done = db_->run("UPDATE api_keys SET last_used = max(coalesce(last_used, ?1), ?1) WHERE id = ?2", at, id);
    if (!done) return std::move(done).error();
  }
  return transaction->commit();
}

Status SqliteStore::revoke_token(const RevokedToken& token, const Change& change) {
  return write(change, [&]() -> Status {
    auto forgotten = db_->run("DELETE FROM revoked_tokens WHERE expires_at < ?", change.at);
    if (!forgotten) return std::move(forgotten).error();
    auto added = db_->run("INSERT OR IGNORE INTO revoked_tokens (token_id, expires_at) VALUES (?, ?)", token.token_id,
                          token.expires);
    if (!added) return std::move(added).error();
    return {};
  });
}

Result<std::vector<RevokedToken>> SqliteStore::revoked_tokens() {
  const std::lock_guard lock(mutex_);
  return db_->query("SELECT token_id, expires_at FROM revoked_tokens ORDER BY token_id",
                    [](const Row& row) { return RevokedToken{row.text(0), row.time(1)}; });
}

}  // namespace gatehouse::state
