// Accounts: API keys.
#include <algorithm>

#include "accounts_state.h"
#include "key_text.h"
#include "text_rules.h"

namespace gatehouse::access {

namespace {

constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxDescription = 1000;
constexpr std::ptrdiff_t kMaxKeysPerUser = 1000;  // active ones

Error forbidden(std::string message) { return make_error("forbidden", std::move(message)); }

// Oneself by login, a superuser, or a key of the same user with `scope`; any key may see and revoke itself.
bool reaches(const Identity& actor, const state::ApiKey& key, Scope scope) {
  if (actor.superuser) return true;
  if (key.user_id != actor.user_id) return false;
  if (actor.credential == CredentialKind::kToken) return true;
  return key.id == actor.key_id || actor.scopes.contains({scope});
}

Status check_texts(const NewKey& request) {
  if (request.name.empty()) return make_error("bad-request", "name is empty");
  if (auto fine = check_text("name", request.name, kMaxName); !fine) return fine;
  return check_text("description", request.description, kMaxDescription);
}

Result<Scopes> granted(const Identity& actor, const state::User& owner, const NewKey& request) {
  auto scopes = Scopes::parse(request.scopes);
  if (!scopes) return scopes;
  if (scopes->empty()) return make_error("bad-request", "scopes is empty; scopes: " + Scopes::all().to_string());
  const Scopes owned = owner.superuser ? Scopes::all() : Scopes::known(owner.scopes);
  if (actor.scopes.contains(*scopes) && owned.contains(*scopes)) return scopes;
  return forbidden("a key cannot have more than its maker and its user have; required scopes: " + scopes->to_string());
}

Result<runtime::WallTime> expiry(const Identity& actor, const NewKey& request, runtime::WallTime now,
                                 std::chrono::seconds lifetime) {
  const bool by_key = actor.credential == CredentialKind::kApiKey;
  if (!request.expires) return by_key ? std::min(now + lifetime, actor.expires) : now + lifetime;
  if (*request.expires <= now) return make_error("bad-request", "expires_at is in the past");
  if (by_key && *request.expires > actor.expires) return forbidden("a key cannot make a key that outlives it");
  return *request.expires;
}

// For the local administrator, who is no user: the oldest account with the same power. 0: there is none.
std::int64_t first_superuser(state::Store& store) {
  const auto users = store.users();
  if (!users) return 0;
  for (const state::User& user : *users)
    if (user.superuser && user.active) return user.id;
  return 0;
}

}  // namespace

KeyView view_of(const state::ApiKey& key) {
  return {key.id, key.user_id, key.name, key.description, key.scopes, key.active, key.expires, key.created, key.last_used};
}

Result<CreatedKey> Accounts::create_key(const Identity& actor, const NewKey& request) {
  if (auto may = require(actor, {Scope::kGatewayWrite}); !may) return std::move(may).error();
  const std::int64_t owner_id = request.user_id.value_or(actor.user_id != 0 ? actor.user_id : first_superuser(state_->store));
  if (owner_id == 0) return make_error("bad-request", "user_id is missing");
  if (owner_id != actor.user_id && !actor.superuser) return forbidden("only a superuser can make keys for others");
  if (auto fine = check_texts(request); !fine) return std::move(fine).error();

  const std::lock_guard lock(state_->changing);
  auto owner = state_->store.user(owner_id);
  if (!owner) return std::move(owner).error();
  if (!owner->active) return make_error("conflict", "user '" + owner->username + "' is not active");
  auto scopes = granted(actor, *owner, request);
  if (!scopes) return std::move(scopes).error();
  if (auto room = state_->check_room_for_key(owner_id); !room) return std::move(room).error();
  state::ApiKey key;
  key.created = state_->clock.wall();
  auto expires = expiry(actor, request, key.created, state_->settings.key_lifetime);
  if (!expires) return std::move(expires).error();
  const Secret secret(runtime::random_base64url(state_->random, kKeySecretBytes));
  key.user_id = owner_id;
  key.name = request.name;
  key.description = request.description;
  key.scopes = scopes->names();
  key.expires = *expires;
  key.hmac = as_text(state_->keys->key_hmac.sign(secret.reveal()));
  const std::string detail = "name=" + key.name + ", scopes=" + scopes->to_string();
  auto id = state_->store.add_key(key, state_->change(actor, "key.created", "user:" + owner->username, detail));
  if (!id) return std::move(id).error();
  key.id = *id;
  if (auto published = state_->publish(); !published) return std::move(published).error();
  return CreatedKey{view_of(key), Secret(key_text(key.id, secret.reveal()))};
}

Status Accounts::State::check_room_for_key(std::int64_t owner_id) {
  auto all = store.keys();
  if (!all) return std::move(all).error();
  const auto active = std::count_if(all->begin(), all->end(), [&](const state::ApiKey& key) {
    return key.user_id == owner_id && key.active && key.expires > clock.wall();
  });
  if (active < kMaxKeysPerUser) return {};
  return make_error("conflict", "the user has 1000 active keys; revoke some first");
}

Result<std::vector<KeyView>> Accounts::api_keys(const Identity& actor) {
  auto rows = state_->store.keys();
  if (!rows) return std::move(rows).error();
  std::vector<KeyView> views;
  for (const state::ApiKey& key : *rows) {
    if (reaches(actor, key, Scope::kGatewayRead)) views.push_back(view_of(key));
  }
  return views;
}

Status Accounts::revoke_key(const Identity& actor, std::int64_t id) {
  const std::lock_guard lock(state_->changing);
  auto key = state_->store.key(id);
  if (!key) return std::move(key).error();
  // The same words as for a key that is not there: ids of others are not confirmed.
  if (!reaches(actor, *key, Scope::kGatewayWrite)) {
    return make_error("not-found", "key " + std::to_string(id) + " does not exist");
  }
  auto revoked = state_->store.revoke_key(id, state_->change(actor, "key.revoked", "key:" + std::to_string(id)));
  if (!revoked) return revoked;
  return state_->publish();
}

}  // namespace gatehouse::access
