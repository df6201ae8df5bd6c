// What the operations of Accounts share. Two locks: `changing` is held through check, store and publish of a change, so
// that checks see what they decide on; `guard` protects small memory and is never held while blocking.
#pragma once

#include <memory>
#include <mutex>

#include "gatehouse/access/accounts.h"
#include "key_index.h"
#include "password.h"
#include "server_keys.h"
#include "throttle.h"

namespace gatehouse::access {

struct Accounts::State {
  State(state::Store& s, const Settings& configured, runtime::Clock& c, runtime::Random& r, PasswordHasher h,
        std::shared_ptr<const ServerKeys> k)
      : store(s), settings(configured), clock(c), random(r), hasher(std::move(h)), keys(std::move(k)) {}

  state::Store& store;
  const Settings settings;
  runtime::Clock& clock;
  runtime::Random& random;
  const PasswordHasher hasher;
  const std::shared_ptr<const ServerKeys> keys;

  std::mutex changing;

  std::mutex guard;
  LoginThrottle throttle;
  std::shared_ptr<const KeyIndex> index;
  std::function<void(std::shared_ptr<const KeyIndex>)> callback;
  std::optional<Secret> first_password;
  runtime::SteadyTime refusal_told{};
  std::uint64_t refusals_untold = 0;

  state::Change change(const Identity& actor, std::string_view action, std::string subject, std::string detail = {}) const;
  // With `changing` held: makes the index anew and hands it out.
  Status publish();
  Status make_first_user();
  // `user` is empty when there is none of that name: what was typed may be a password.
  void note_refused_login(std::string_view user, std::string_view client, std::string_view reason);
  // With `changing` held: "conflict" when nobody but `user` is an active superuser.
  Status check_not_last_superuser(const state::User& user);
  // With `changing` held: "conflict" when a user is called so but for upper and lower case.
  Status check_no_look_alike(std::string_view username);
  Status check_room_for_key(std::int64_t owner_id);
};

UserView view_of(const state::User& user);
KeyView view_of(const state::ApiKey& key);

}  // namespace gatehouse::access
