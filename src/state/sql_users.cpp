// SqlStore: users, API keys, revoked tokens.
#include "lists.h"
#include "sql_store.h"

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

Result<std::int64_t> SqlStore::add_user(const User& user, const Change& change) {
  return write(change, [&](Session& session) -> Result<std::int64_t> {
    auto id = session.number(
        "INSERT INTO users (username, email, full_name, scopes, is_active, is_superuser, password_hash,"
        " token_generation, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        {user.username, user.email, user.full_name, join_words(user.scopes), user.active, user.superuser,
         user.password_hash, user.token_generation, user.created, user.updated});
    if (!id && id.error().slug == "conflict") {
      return make_error("conflict", "a user called '" + user.username + "' exists already");
    }
    return id;
  });
}

Status SqlStore::update_user(const User& user, const Change& change) {
  return write(change, [&](Session& session) {
    auto answer = session.run(
        "UPDATE users SET username = $1, email = $2, full_name = $3, scopes = $4, is_active = $5, is_superuser = $6,"
        " token_generation = $7, updated_at = $8 WHERE id = $9",
        {user.username, user.email, user.full_name, join_words(user.scopes), user.active, user.superuser,
         user.token_generation, user.updated, user.id});
    return changed_one(std::move(answer), user_called(user.id));
  });
}

Status SqlStore::remove_user(std::int64_t id, const Change& change) {
  return write(change, [&](Session& session) {
    return changed_one(session.run("DELETE FROM users WHERE id = $1", {id}), user_called(id));
  });
}

Result<User> SqlStore::user(std::int64_t id) {
  return read([&](Session& session) {
    return only(session.query("SELECT " USER_COLUMNS " FROM users WHERE id = $1", read_user, {id}), user_called(id));
  });
}

Result<User> SqlStore::user_named(std::string_view username) {
  if (!is_storable(username)) return no_such("user");
  return read([&](Session& session) {
    return only(session.query("SELECT " USER_COLUMNS " FROM users WHERE username = $1", read_user, {username}), "user");
  });
}

Result<std::vector<User>> SqlStore::users() {
  return read([](Session& session) { return session.query("SELECT " USER_COLUMNS " FROM users ORDER BY id", read_user); });
}

Status SqlStore::set_password_hash(std::int64_t id, std::string_view hash, const Change& change) {
  return write(change, [&](Session& session) {
    auto answer = session.run("UPDATE users SET password_hash = $1, token_generation = token_generation + 1,"
                              " updated_at = $2 WHERE id = $3",
                              {hash, change.at, id});
    return changed_one(std::move(answer), user_called(id));
  });
}

Status SqlStore::upgrade_password_hash(std::int64_t id, std::string_view expected, std::string_view replacement) {
  return commit([&](Session& session) -> Result<Mark> {
    auto answer = session.run("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3",
                              {replacement, id, expected});
    return answer ? Result<Mark>(Mark{0}) : Result<Mark>(std::move(answer).error());
  });
}

Result<std::int64_t> SqlStore::add_key(const ApiKey& key, const Change& change) {
  return write(change, [&](Session& session) {
    return session.number(
        "INSERT INTO api_keys (user_id, name, description, scopes, is_active, expires_at, created_at, last_used,"
        " key_hmac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        {key.user_id, key.name, key.description, join_words(key.scopes), key.active, key.expires, key.created,
         key.last_used, Blob{key.hmac}});
  });
}

Status SqlStore::revoke_key(std::int64_t id, const Change& change) {
  return write(change, [&](Session& session) {
    return changed_one(session.run("UPDATE api_keys SET is_active = FALSE WHERE id = $1", {id}), key_called(id));
  });
}

Result<ApiKey> SqlStore::key(std::int64_t id) {
  return read([&](Session& session) {
    return only(session.query("SELECT " KEY_COLUMNS " FROM api_keys WHERE id = $1", read_key, {id}), key_called(id));
  });
}

Result<std::vector<ApiKey>> SqlStore::keys() {
  return read([](Session& session) { return session.query("SELECT " KEY_COLUMNS " FROM api_keys ORDER BY id", read_key); });
}

Status SqlStore::record_key_use(const std::vector<std::pair<std::int64_t, WallTime>>& uses) {
  return commit([&](Session& session) -> Result<Mark> {
    for (const auto& [id, at] : uses) {
      auto answer = session.run(
          "UPDATE api_keys SET last_used = $1 WHERE id = $2 AND (last_used IS NULL OR last_used < $1)", {at, id});
      if (!answer) return std::move(answer).error();
    }
    return Mark{0};
  });
}

Status SqlStore::revoke_token(const RevokedToken& token, const Change& change) {
  return write(change, [&](Session& session) -> Status {
    auto forgotten = session.run("DELETE FROM revoked_tokens WHERE expires_at < $1", {change.at});
    if (!forgotten) return std::move(forgotten).error();
    auto added = session.run("INSERT INTO revoked_tokens (token_id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                             {token.token_id, token.expires});
    return added ? Status() : Status(std::move(added).error());
  });
}

Result<std::vector<RevokedToken>> SqlStore::revoked_tokens() {
  return read([](Session& session) {
    return session.query("SELECT token_id, expires_at FROM revoked_tokens ORDER BY token_id",
                         [](const Row& row) { return RevokedToken{row.text(0), row.time(1)}; });
  });
}

}  // namespace gatehouse::state
