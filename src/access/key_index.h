// KeyIndex: what a Verifier needs to know of all users, keys and revoked tokens; immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "crypto.h"
#include "gatehouse/access/identity.h"
#include "gatehouse/base/result.h"
#include "gatehouse/state/store.h"

namespace gatehouse::access {

class KeyIndex {
 public:
  struct UserEntry {
    std::string name;
    Scopes scopes;  // all for superusers
    bool active = false;
    bool superuser = false;
    std::int64_t generation = 0;
  };
  struct KeyEntry {
    std::int64_t user_id = 0;
    Digest hmac{};
    Scopes scopes;
    bool active = false;
    runtime::WallTime expires{};
  };

  // Blocks: reads the store.
  static Result<std::shared_ptr<const KeyIndex>> load(state::Store& store);

  const UserEntry* user(std::int64_t id) const noexcept;
  const KeyEntry* key(std::int64_t id) const noexcept;
  bool revoked(const std::string& token_id) const noexcept { return revoked_.contains(token_id); }

 private:
  std::unordered_map<std::int64_t, UserEntry> users_;
  std::unordered_map<std::int64_t, KeyEntry> keys_;
  std::unordered_set<std::string> revoked_;
};

}  // namespace gatehouse::access
