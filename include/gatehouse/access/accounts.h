// Accounts: users, API keys and tokens; every change is authorised here, stored with its audit row, and then visible
// to every Verifier through on_change().
//
// Who may do what (`actor` is the caller's identity; nobody gets more than they have):
//   create a user        scope gateway:write; superuser flag only by superusers; scopes within the actor's
//   change a user        superusers; oneself: email and full name only
//   set a password       one's own with the current password; superusers that of others
//   remove a user        superusers; the last active superuser stays ("conflict")
//   create a key         scope gateway:write; for oneself, superusers for anybody; scopes within the actor's and the
//                        owner's; a key cannot make a key that outlives it
//   list, revoke keys    one's own by login, or by a key with gateway:read, gateway:write; superusers all
// Errors: invalid-credentials (401), forbidden (403, the message names the required scopes), not-found (404), conflict
// (409), bad-request (400), too-many-attempts (429), and those of state::Store (503).
//
// Thread: any, but operations BLOCK (Argon2, disk): call them on the offload pool. keys() and index() do not block.
// Owner: main; store, clock and random outlive it. Stop: nothing runs on its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/access/identity.h"
#include "gatehouse/access/settings.h"
#include "gatehouse/access/verifier.h"
#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/state/store.h"

namespace gatehouse::access {

// What others may see of a user: no hash exists in this type.
struct UserView {
  std::int64_t id = 0;
  std::string username;
  std::string email;
  std::string full_name;
  std::vector<std::string> scopes;
  bool active = true;
  bool superuser = false;
  runtime::WallTime created{};
  runtime::WallTime updated{};
};

struct NewUser {
  std::string username;                 // [A-Za-z0-9._@-]{1,64}
  Secret password;                      // 8 to 1024 bytes
  std::string email;
  std::string full_name;
  std::optional<std::vector<std::string>> scopes;  // default: gateway:read and tools:call, as far as the actor has them
  bool active = true;
  bool superuser = false;
};

struct UserUpdate {  // what is absent stays
  std::optional<std::string> email;
  std::optional<std::string> full_name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<bool> active;
  std::optional<bool> superuser;
};

struct KeyView {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::string name;
  std::string description;
  std::vector<std::string> scopes;
  bool active = true;
  runtime::WallTime expires{};
  runtime::WallTime created{};
  std::optional<runtime::WallTime> last_used;
};

struct NewKey {
  std::string name;                      // 1 to 100 bytes
  std::string description;
  std::vector<std::string> scopes;       // at least one
  std::optional<std::int64_t> user_id;   // default: the actor
  std::optional<runtime::WallTime> expires;  // default: now + settings.key_lifetime
};

struct CreatedKey {
  KeyView view;
  Secret key;                            // shown once; only its HMAC is stored
};

struct IssuedToken {
  Secret token;
  std::chrono::seconds lifetime{};
};

struct LoginAnswer {
  Result<IssuedToken> token;
  std::chrono::seconds retry_after{0};   // with "too-many-attempts"
};

class Accounts {
 public:
  // Loads what the store has. An empty store gets its administrator `admin` with settings.admin_password, or with a
  // random one that first_password() gives once. Errors: "weak-secret", "weak-password", those of the store.
  static Result<std::unique_ptr<Accounts>> open(state::Store& store, const Settings& settings, runtime::Clock& clock,
                                                runtime::Random& random);
  ~Accounts();

  std::optional<Secret> first_password();  // once, and only when it was made by open()

  // For Verifiers. `callback` runs on the thread of the change, one change after the other; it must not call back.
  std::shared_ptr<const ServerKeys> keys() const;
  std::shared_ptr<const KeyIndex> index() const;
  void on_change(std::function<void(std::shared_ptr<const KeyIndex>)> callback);
  Status refresh();                        // reads the store again (changes of another node)

  // `client`: address of the caller, IPv6 cut to its /64. At most 20 attempts at once and 5 a minute per client and
  // username; a success forgets them. An unknown user costs the same as a wrong password.
  LoginAnswer login(std::string_view username, const Secret& password, std::string_view client);
  Status logout(const Identity& actor);    // revokes the token that `actor` came with

  Result<UserView> create_user(const Identity& actor, const NewUser& request);
  Result<UserView> update_user(const Identity& actor, std::int64_t id, const UserUpdate& update);
  Status set_password(const Identity& actor, std::int64_t id, const Secret& current, const Secret& replacement);
  Status remove_user(const Identity& actor, std::int64_t id);
  Result<std::vector<UserView>> users(const Identity& actor);  // everybody for gateway:write, else oneself

  Result<CreatedKey> create_key(const Identity& actor, const NewKey& request);
  Result<std::vector<KeyView>> api_keys(const Identity& actor);
  Status revoke_key(const Identity& actor, std::int64_t id);

  // From KeyUse::take() of each loop, about once a minute.
  Status record_key_use(const std::vector<std::pair<std::int64_t, runtime::WallTime>>& uses);

 private:
  struct State;
  explicit Accounts(std::unique_ptr<State> state);
  IssuedToken issue(const state::User& user) const;
  std::unique_ptr<State> state_;
};

// When keys were last used, gathered on a loop and written in batches. Thread: one loop.
class KeyUse {
 public:
  void note(const Identity& identity, runtime::WallTime now);  // does nothing for tokens
  std::vector<std::pair<std::int64_t, runtime::WallTime>> take();

 private:
  std::vector<std::pair<std::int64_t, runtime::WallTime>> uses_;  // at most kMaxUses, sorted by key id
  static constexpr std::size_t kMaxUses = 4096;
};

}  // namespace gatehouse::access
