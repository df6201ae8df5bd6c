#include "key_index.h"

#include <algorithm>

namespace gatehouse::access {

Result<std::shared_ptr<const KeyIndex>> KeyIndex::load(state::Store& store) {
  auto users = store.users();
  if (!users) return std::move(users).error();
  auto keys = store.keys();
  if (!keys) return std::move(keys).error();
  auto revoked = store.revoked_tokens();
  if (!revoked) return std::move(revoked).error();

  auto index = std::make_shared<KeyIndex>();
  for (state::User& user : *users) {
    const Scopes scopes = user.superuser ? Scopes::all() : Scopes::known(user.scopes);
    index->users_.emplace(
        user.id, UserEntry{std::move(user.username), scopes, user.active, user.superuser, user.token_generation});
  }
  for (const state::ApiKey& key : *keys) {
    KeyEntry entry{key.user_id, {}, Scopes::known(key.scopes), key.active, key.expires};
    if (key.hmac.size() != entry.hmac.size()) continue;
    std::copy(key.hmac.begin(), key.hmac.end(), entry.hmac.begin());
    index->keys_.emplace(key.id, entry);
  }
  for (state::RevokedToken& token : *revoked) index->revoked_.insert(std::move(token.token_id));
  return std::shared_ptr<const KeyIndex>(std::move(index));
}

const KeyIndex::UserEntry* KeyIndex::user(std::int64_t id) const noexcept {
  const auto found = users_.find(id);
  return found == users_.end() ? nullptr : &found->second;
}

const KeyIndex::KeyEntry* KeyIndex::key(std::int64_t id) const noexcept {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace gatehouse::access
