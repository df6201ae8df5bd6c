// Accounts: users.
#include <algorithm>

#include "accounts_state.h"
#include "text_rules.h"

namespace gatehouse::access {

namespace {

constexpr std::size_t kMaxEmail = 254;
constexpr std::size_t kMaxFullName = 200;

Error forbidden(std::string message) { return make_error("forbidden", std::move(message)); }

std::string named(const state::User& user) { return "user:" + user.username; }

Status check_texts(std::string_view email, std::string_view full_name) {
  if (auto fine = check_text("email", email, kMaxEmail); !fine) return fine;
  return check_text("full_name", full_name, kMaxFullName);
}

// The scopes that a new user gets, within what the actor has.
Result<Scopes> granted(const Identity& actor, const NewUser& request) {
  if (!request.scopes) return Scopes{Scope::kGatewayRead, Scope::kToolsCall} & actor.scopes;
  auto scopes = Scopes::parse(*request.scopes);
  if (scopes && !actor.scopes.contains(*scopes)) {
    return forbidden("nobody can grant more than they have; required scopes: " + scopes->to_string());
  }
  return scopes;
}

// Who may change which columns.
Status authorise(const Identity& actor, std::int64_t id, const UserUpdate& update) {
  if (actor.superuser) return {};
  const bool self = actor.user_id == id && actor.credential == CredentialKind::kToken;
  if (self && !update.scopes && !update.active && !update.superuser) return {};
  return forbidden("only a superuser may change that");
}

Status apply(state::User& user, const UserUpdate& update) {
  if (update.email) user.email = *update.email;
  if (update.full_name) user.full_name = *update.full_name;
  if (update.superuser) user.superuser = *update.superuser;
  if (update.active) user.active = *update.active;
  if (update.scopes) {
    auto scopes = Scopes::parse(*update.scopes);
    if (!scopes) return std::move(scopes).error();
    user.scopes = scopes->names();
  }
  return check_texts(user.email, user.full_name);
}

// For the audit: what is different now, without texts that people chose.
std::string difference(const state::User& before, const state::User& after) {
  std::string text;
  const auto add = [&](bool differs, const std::string& words) {
    if (!differs) return;
    if (!text.empty()) text += ", ";
    text += words;
  };
  add(before.email != after.email, "email");
  add(before.full_name != after.full_name, "full_name");
  add(before.scopes != after.scopes, "scopes=" + Scopes::known(after.scopes).to_string());
  add(before.active != after.active, after.active ? "active" : "inactive");
  add(before.superuser != after.superuser, after.superuser ? "superuser" : "no superuser");
  return text;
}

}  // namespace

UserView view_of(const state::User& user) {
  return {user.id,     user.username,  user.email,   user.full_name, user.scopes,
          user.active, user.superuser, user.created, user.updated};
}

Status Accounts::State::check_not_last_superuser(const state::User& user) {
  auto users = store.users();
  if (!users) return std::move(users).error();
  const bool another = std::any_of(users->begin(), users->end(), [&](const state::User& other) {
    return other.id != user.id && other.superuser && other.active;
  });
  if (another || !user.superuser || !user.active) return {};
  return make_error("conflict", "'" + user.username + "' is the last active superuser");
}

Result<UserView> Accounts::create_user(const Identity& actor, const NewUser& request) {
  if (auto may = require(actor, {Scope::kGatewayWrite}); !may) return std::move(may).error();
  if (request.superuser && !actor.superuser) return forbidden("only a superuser can make a superuser");
  auto scopes = granted(actor, request);
  if (!scopes) return std::move(scopes).error();
  for (const Status& rule : {check_username(request.username), check_new_password(request.password),
                             check_texts(request.email, request.full_name)}) {
    if (!rule) return rule.error();
  }
  auto hash = state_->hasher.hash(request.password);
  if (!hash) return std::move(hash).error();

  state::User user;
  user.username = request.username;
  user.email = request.email;
  user.full_name = request.full_name;
  user.scopes = scopes->names();
  user.active = request.active;
  user.superuser = request.superuser;
  user.password_hash = *std::move(hash);
  user.created = user.updated = state_->clock.wall();

  const std::lock_guard lock(state_->changing);
  if (auto fine = state_->check_no_look_alike(user.username); !fine) return std::move(fine).error();
  const std::string detail = (user.superuser ? "superuser, scopes=" : "scopes=") + scopes->to_string();
  auto id = state_->store.add_user(user, state_->change(actor, "user.created", named(user), detail));
  if (!id) return std::move(id).error();
  user.id = *id;
  if (auto published = state_->publish(); !published) return std::move(published).error();
  return view_of(user);
}

Result<UserView> Accounts::update_user(const Identity& actor, std::int64_t id, const UserUpdate& update) {
  if (auto may = authorise(actor, id, update); !may) return std::move(may).error();
  const std::lock_guard lock(state_->changing);
  auto found = state_->store.user(id);
  if (!found) return std::move(found).error();
  const state::User before = *found;
  state::User& user = *found;
  if (auto fine = apply(user, update); !fine) return std::move(fine).error();
  if (before.active && !user.active) ++user.token_generation;  // tokens stay void when the user comes back
  if (!user.active || !user.superuser) {
    if (auto fine = state_->check_not_last_superuser(before); !fine) return std::move(fine).error();
  }
  user.updated = state_->clock.wall();
  auto stored = state_->store.update_user(user, state_->change(actor, "user.updated", named(user), difference(before, user)));
  if (!stored) return std::move(stored).error();
  if (auto published = state_->publish(); !published) return std::move(published).error();
  return view_of(user);
}

namespace {

// Counted for each user alone, in place of a client's address.
std::string own_password(std::int64_t id) { return "own password of " + std::to_string(id); }

}  // namespace

Status Accounts::set_password(const Identity& actor, std::int64_t id, const Secret& current, const Secret& replacement) {
  const bool own = actor.user_id == id;
  if (!actor.superuser && !(own && actor.credential == CredentialKind::kToken)) {
    return forbidden("only a superuser may set the password of somebody else");
  }
  if (auto fine = check_new_password(replacement); !fine) return fine;
  auto user = state_->store.user(id);
  if (!user) return std::move(user).error();
  if (own) {
    {
      const std::lock_guard lock(state_->guard);
      if (state_->throttle.admit(own_password(id), user->username, state_->clock.now()).count() > 0) {
        return make_error("too-many-attempts", "too many attempts with a wrong current password");
      }
    }
    if (!state_->hasher.verify(user->password_hash, current).matches) {
      return make_error("invalid-credentials", "the current password is wrong");
    }
    const std::lock_guard lock(state_->guard);
    state_->throttle.succeeded(own_password(id), user->username);
  }
  auto hash = state_->hasher.hash(replacement);
  if (!hash) return std::move(hash).error();
  const std::lock_guard lock(state_->changing);
  auto stored = state_->store.set_password_hash(id, *hash, state_->change(actor, "user.password_set", named(*user)));
  if (!stored) return stored;
  return state_->publish();
}

Status Accounts::remove_user(const Identity& actor, std::int64_t id) {
  if (!actor.superuser) return forbidden("only a superuser may remove a user");
  const std::lock_guard lock(state_->changing);
  auto user = state_->store.user(id);
  if (!user) return std::move(user).error();
  if (auto fine = state_->check_not_last_superuser(*user); !fine) return fine;
  auto removed = state_->store.remove_user(id, state_->change(actor, "user.removed", named(*user)));
  if (!removed) return removed;
  return state_->publish();
}

Result<std::vector<UserView>> Accounts::users(const Identity& actor) {
  auto rows = state_->store.users();
  if (!rows) return std::move(rows).error();
  const bool everybody = actor.scopes.contains({Scope::kGatewayWrite});
  std::vector<UserView> views;
  for (const state::User& user : *rows) {
    if (everybody || user.id == actor.user_id) views.push_back(view_of(user));
  }
  return views;
}

}  // namespace gatehouse::access
