#include <gtest/gtest.h>

#include <thread>

#include "house.h"
#include "key_text.h"

namespace gatehouse::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TEST(FirstStart, makes_the_administrator_with_the_configured_password) {
  House house;
  ASSERT_EQ(house.store.user_rows.size(), 1U);
  const Identity admin = house.admin();
  EXPECT_EQ(admin.name, "admin");
  EXPECT_TRUE(admin.superuser);
  EXPECT_EQ(house.store.user_rows.begin()->second.email, "admin@localhost");
  EXPECT_FALSE(house.accounts().first_password());
}

TEST(FirstStart, makes_a_password_of_20_characters_and_gives_it_once) {
  Settings settings = quick_settings();
  settings.admin_password = Secret();
  House house(settings);
  const auto password = house.accounts().first_password();
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal().size(), 20U);
  EXPECT_FALSE(house.accounts().first_password());
  EXPECT_FALSE(house.token("admin", password->reveal()).empty());
  house.reopen();
  EXPECT_FALSE(house.accounts().first_password());
  EXPECT_EQ(house.store.user_rows.size(), 1U);
}

TEST(FirstStart, keeps_a_generated_secret_so_that_tokens_survive_a_restart) {
  Settings settings = quick_settings();
  settings.secret_key = Secret();
  House house(settings);
  const std::string token = house.token("admin");
  EXPECT_EQ(house.store.settings.at("secret_key").size(), 43U);
  house.reopen();
  EXPECT_TRUE(house.verify(token));
}

TEST(FirstStart, refuses_weak_secrets) {
  fakes::MemoryStore store;
  fakes::ManualClock clock;
  CountingRandom random;
  Settings settings = quick_settings();
  for (const char* known : {"change-this-in-production", "dev-key-to-be-changed", "x"}) {
    settings.secret_key = Secret(known);
    EXPECT_EQ(slug_of(Accounts::open(store, settings, clock, random)), "weak-secret");
  }
  settings = quick_settings();
  settings.admin_password = Secret("admin");
  EXPECT_EQ(slug_of(Accounts::open(store, settings, clock, random)), "weak-password");
  EXPECT_TRUE(store.user_rows.empty());
}

TEST(FirstStart, reports_a_store_that_does_not_answer) {
  fakes::MemoryStore store;
  fakes::ManualClock clock;
  CountingRandom random;
  store.failure = make_error("disk-full", "no room");
  EXPECT_EQ(slug_of(Accounts::open(store, quick_settings(), clock, random)), "disk-full");
}

TEST(Login, says_the_same_for_unknown_users_wrong_passwords_and_inactive_users) {
  House house;
  const std::int64_t bob = house.add("bob", {});
  house.store.user_rows[bob].active = false;
  std::vector<std::string> messages;
  for (const char* name : {"nobody", "admin", "bob"}) {
    const std::string password = std::string(name) == "bob" ? "correct horse" : "wrong horse";
    const auto answer = house.accounts().login(name, Secret(password), "c");
    ASSERT_FALSE(answer.token) << name;
    EXPECT_EQ(answer.token.error().slug, "invalid-credentials");
    messages.push_back(answer.token.error().message);
  }
  EXPECT_EQ(messages[0], messages[1]);
  EXPECT_EQ(messages[1], messages[2]);
}

TEST(Login, is_throttled_with_the_seconds_to_wait_also_for_the_right_password) {
  House house;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(slug_of(house.accounts().login("admin", Secret("wrong horse"), "c").token), "invalid-credentials");
  const auto refused = house.accounts().login("admin", Secret("correct horse"), "c");
  EXPECT_EQ(slug_of(refused.token), "too-many-attempts");
  EXPECT_EQ(refused.retry_after.count(), 12);
  EXPECT_TRUE(house.accounts().login("admin", Secret("correct horse"), "another").token);
  house.clock.advance(std::chrono::seconds(12));
  EXPECT_TRUE(house.accounts().login("admin", Secret("correct horse"), "c").token);
}

TEST(Login, leaves_an_audit_row_when_it_succeeds) {
  House house;
  house.store.log.clear();
  EXPECT_FALSE(house.accounts().login("admin", Secret("wrong horse"), "10.0.0.1").token);
  EXPECT_TRUE(house.store.log.empty());
  EXPECT_TRUE(house.accounts().login("admin", Secret("correct horse"), "10.0.0.1").token);
  ASSERT_EQ(house.store.log.size(), 1U);
  EXPECT_EQ(house.store.log[0].action, "login");
  EXPECT_EQ(house.store.log[0].actor, "user:admin");
  EXPECT_EQ(house.store.log[0].detail, "from 10.0.0.1");
}

TEST(Users, cannot_be_called_alike_but_for_case) {
  House house;
  EXPECT_EQ(slug_of(house.accounts().create_user(house.admin(), House::user("Admin"))), "conflict");
  EXPECT_TRUE(house.accounts().create_user(house.admin(), House::user("Bob")));
  EXPECT_EQ(slug_of(house.accounts().create_user(house.admin(), House::user("bOb"))), "conflict");
}

TEST(Login, gives_a_token_of_30_minutes) {
  House house;
  const auto answer = house.accounts().login("admin", Secret("correct horse"), "c");
  ASSERT_TRUE(answer.token);
  EXPECT_EQ(answer.token->lifetime.count(), 1800);
  const std::string token(answer.token->token.reveal());
  house.clock.advance(minutes(30));
  EXPECT_TRUE(house.verify(token)) << "leeway";
  house.clock.advance(std::chrono::seconds(30));
  EXPECT_EQ(slug_of(house.verify(token)), "invalid-credentials");
}

TEST(Login, replaces_an_outdated_hash) {
  House house;
  const std::int64_t admin = house.store.user_rows.begin()->first;
  house.store.user_rows[admin].password_hash = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_FALSE(house.token("admin", "U*U").empty());
  EXPECT_TRUE(house.store.user_rows[admin].password_hash.starts_with("$argon2id$"));
  EXPECT_FALSE(house.token("admin", "U*U").empty());
}

TEST(Logout, ends_this_token_and_no_other) {
  House house;
  const std::string one = house.token("admin");
  const std::string two = house.token("admin");
  ASSERT_TRUE(house.accounts().logout(*house.verify(one)));
  EXPECT_FALSE(house.verify(one));
  EXPECT_TRUE(house.verify(two));
  house.reopen();
  EXPECT_FALSE(house.verify(one));
}

// The earlier platform let every ordinary user pass every scope, and a gateway:write user make superusers.
TEST(Escalation, an_ordinary_user_has_only_their_scopes) {
  House house;
  house.add("bob", {"tools:call"});
  const Identity bob = house.identity("bob");
  EXPECT_FALSE(bob.superuser);
  EXPECT_TRUE(require(bob, {Scope::kToolsCall}));
  EXPECT_FALSE(require(bob, {Scope::kGatewayRead}));
  EXPECT_FALSE(require(bob, {Scope::kToolsCall, Scope::kGatewayWrite}));
  EXPECT_FALSE(require(bob, {Scope::kAdmin}));
  const auto refused = house.accounts().create_user(bob, House::user("eve"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().slug, "forbidden");
  EXPECT_NE(refused.error().message.find("gateway:write"), std::string::npos);
  EXPECT_EQ(slug_of(house.accounts().create_key(bob, House::key({"tools:call"}))), "forbidden");
}

TEST(Escalation, nobody_grants_more_than_they_have) {
  House house;
  house.add("bob", {"gateway:write", "tools:call"});
  const Identity bob = house.identity("bob");
  NewUser super = House::user("s1");
  super.superuser = true;
  EXPECT_EQ(slug_of(house.accounts().create_user(bob, super)), "forbidden");
  for (const char* scope : {"admin", "gateway:read"}) {
    EXPECT_EQ(slug_of(house.accounts().create_user(bob, House::user("s2", {{scope}}))), "forbidden");
    EXPECT_EQ(slug_of(house.accounts().create_key(bob, House::key({scope}))), "forbidden");
  }
  const auto plain = house.accounts().create_user(bob, House::user("s3"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->scopes, std::vector<std::string>{"tools:call"}) << "the default is cut to what the maker has";
  EXPECT_TRUE(house.accounts().create_user(bob, House::user("s4", {{"gateway:write"}})));
}

TEST(Escalation, only_superusers_change_others_or_rights) {
  House house;
  const std::int64_t id = house.add("bob", {"gateway:write", "admin"});
  const std::int64_t eve = house.add("eve", {});
  const Identity bob = house.identity("bob");
  UserUpdate update;
  update.superuser = true;
  EXPECT_EQ(slug_of(house.accounts().update_user(bob, id, update)), "forbidden");
  update = {};
  update.scopes = {{"admin"}};
  EXPECT_EQ(slug_of(house.accounts().update_user(house.identity("eve"), eve, update)), "forbidden");
  update = {};
  update.email = "x@example.com";
  EXPECT_EQ(slug_of(house.accounts().update_user(bob, eve, update)), "forbidden");
  EXPECT_TRUE(house.accounts().update_user(bob, id, update));
  EXPECT_EQ(slug_of(house.accounts().set_password(bob, eve, Secret(), Secret("taken over"))), "forbidden");
  EXPECT_EQ(slug_of(house.accounts().remove_user(bob, eve)), "forbidden");
}

TEST(Escalation, keys_for_others_are_made_by_superusers_only) {
  House house;
  const std::int64_t admin_id = house.admin().user_id;
  const std::int64_t bob_id = house.add("bob", {"gateway:write", "tools:call"});
  NewKey request = House::key({"tools:call"});
  request.user_id = admin_id;
  EXPECT_EQ(slug_of(house.accounts().create_key(house.identity("bob"), request)), "forbidden");
  // By key as well, which the earlier platform allowed.
  const auto mine = house.accounts().create_key(house.identity("bob"), House::key({"gateway:write"}));
  const auto by_key = house.verify(mine->key.reveal());
  ASSERT_TRUE(by_key);
  EXPECT_EQ(slug_of(house.accounts().create_key(*by_key, request)), "forbidden");
  request.user_id.reset();
  EXPECT_EQ(slug_of(house.accounts().create_key(*by_key, request)), "forbidden") << "scope that the key lacks";
  request.user_id = bob_id;
  EXPECT_TRUE(house.accounts().create_key(house.admin(), request));
  request.scopes = {"admin"};
  EXPECT_EQ(slug_of(house.accounts().create_key(house.admin(), request)), "forbidden") << "more than bob has";
}

TEST(Escalation, a_superusers_key_is_no_superuser_without_scope_admin) {
  House house;
  const auto weak = house.accounts().create_key(house.admin(), House::key({"gateway:write"}));
  const auto strong = house.accounts().create_key(house.admin(), House::key({"admin"}));
  EXPECT_FALSE(house.verify(weak->key.reveal())->superuser);
  EXPECT_FALSE(require(*house.verify(weak->key.reveal()), {Scope::kToolsCall}));
  EXPECT_TRUE(house.verify(strong->key.reveal())->superuser);
}

TEST(Escalation, a_key_cannot_outlive_itself) {
  House house;
  NewKey short_lived = House::key({"gateway:write"});
  short_lived.expires = house.clock.wall() + hours(1);
  const auto parent = house.accounts().create_key(house.admin(), short_lived);
  const Identity by_key = *house.verify(parent->key.reveal());
  const auto child = house.accounts().create_key(by_key, House::key({"gateway:write"}));
  ASSERT_TRUE(child);
  EXPECT_EQ(child->view.expires, *short_lived.expires);
  NewKey longer = House::key({"gateway:write"});
  longer.expires = house.clock.wall() + hours(2);
  EXPECT_EQ(slug_of(house.accounts().create_key(by_key, longer)), "forbidden");
}

TEST(Users, refuse_bad_input) {
  House house;
  const Identity admin = house.admin();
  NewUser short_password = House::user("bob");
  short_password.password = Secret("short");
  NewUser bad_email = House::user("bob");
  bad_email.email = "a\r\nb";
  for (const NewUser& request : {House::user(""), House::user("a b"), short_password, bad_email, House::user("bob", {{"root"}})}) {
    EXPECT_EQ(slug_of(house.accounts().create_user(admin, request)), "bad-request");
  }
  EXPECT_EQ(slug_of(house.accounts().create_user(admin, House::user("admin"))), "conflict");
}

TEST(Users, that_become_inactive_lose_keys_and_tokens_and_old_tokens_stay_void) {
  House house;
  const std::int64_t id = house.add("bob", {"gateway:write"});
  const std::string token = house.token("bob");
  const auto key = house.accounts().create_key(house.identity("bob"), House::key({"gateway:write"}));
  UserUpdate update;
  update.active = false;
  ASSERT_TRUE(house.accounts().update_user(house.admin(), id, update));
  EXPECT_FALSE(house.verify(token));
  EXPECT_FALSE(house.verify(key->key.reveal()));
  EXPECT_FALSE(house.accounts().login("bob", Secret("correct horse"), "c").token);
  update.active = true;
  ASSERT_TRUE(house.accounts().update_user(house.admin(), id, update));
  EXPECT_FALSE(house.verify(token));
  EXPECT_TRUE(house.verify(key->key.reveal()));
}

TEST(Users, that_lose_a_scope_lose_it_in_keys_and_tokens) {
  House house;
  const std::int64_t id = house.add("bob", {"gateway:write", "tools:call"});
  const std::string token = house.token("bob");
  const auto key = house.accounts().create_key(house.identity("bob"), House::key({"tools:call"}));
  UserUpdate update;
  update.scopes = {{"gateway:read"}};
  ASSERT_TRUE(house.accounts().update_user(house.admin(), id, update));
  EXPECT_EQ(house.verify(token)->scopes, Scopes{Scope::kGatewayRead});
  EXPECT_TRUE(house.verify(key->key.reveal())->scopes.empty());
}

TEST(Users, the_last_active_superuser_stays) {
  House house;
  const Identity admin = house.admin();
  UserUpdate demote, deactivate;
  demote.superuser = false;
  deactivate.active = false;
  EXPECT_EQ(slug_of(house.accounts().update_user(admin, admin.user_id, demote)), "conflict");
  EXPECT_EQ(slug_of(house.accounts().update_user(admin, admin.user_id, deactivate)), "conflict");
  EXPECT_EQ(slug_of(house.accounts().remove_user(admin, admin.user_id)), "conflict");
  NewUser second = House::user("root");
  second.superuser = true;
  ASSERT_TRUE(house.accounts().create_user(admin, second));
  EXPECT_TRUE(house.accounts().remove_user(admin, admin.user_id));
}

TEST(Users, a_removed_name_made_again_does_not_revive_old_tokens) {
  House house;
  const std::int64_t id = house.add("bob", {"tools:call"});
  const std::string token = house.token("bob");
  ASSERT_TRUE(house.accounts().remove_user(house.admin(), id));
  EXPECT_FALSE(house.verify(token));
  house.add("bob", {"tools:call"});
  EXPECT_FALSE(house.verify(token));
}

TEST(Users, a_new_password_needs_the_old_one_and_ends_all_logins) {
  House house;
  const std::int64_t id = house.add("bob", {});
  const std::string token = house.token("bob");
  const Identity bob = *house.verify(token);
  EXPECT_EQ(slug_of(house.accounts().set_password(bob, id, Secret("guess"), Secret("new password"))), "invalid-credentials");
  EXPECT_TRUE(house.verify(token));
  ASSERT_TRUE(house.accounts().set_password(bob, id, Secret("correct horse"), Secret("new password")));
  EXPECT_FALSE(house.verify(token));
  EXPECT_FALSE(house.token("bob", "new password").empty());
  ASSERT_TRUE(house.accounts().set_password(house.admin(), id, Secret(), Secret("third password")));
  EXPECT_FALSE(house.token("bob", "third password").empty());
}

TEST(Users, guessing_ones_own_password_with_a_stolen_token_is_throttled) {
  House house;
  const std::int64_t id = house.add("bob", {});
  const Identity bob = house.identity("bob");
  std::string slug;
  for (int i = 0; i < 21; ++i) slug = slug_of(house.accounts().set_password(bob, id, Secret("guess"), Secret("new password")));
  EXPECT_EQ(slug, "too-many-attempts");
}

TEST(Users, are_listed_for_those_who_may) {
  House house;
  house.add("bob", {"gateway:write"});
  house.add("eve", {"tools:call"});
  EXPECT_EQ(house.accounts().users(house.identity("bob"))->size(), 3U);
  const auto own = house.accounts().users(house.identity("eve"));
  ASSERT_EQ(own->size(), 1U);
  EXPECT_EQ(own->front().username, "eve");
}

TEST(Keys, of_every_user_work_and_are_stored_only_as_hmac) {
  House house;
  house.add("bob", {"gateway:write", "tools:call"});
  const auto made = house.accounts().create_key(house.identity("bob"), House::key({"tools:call"}));
  ASSERT_TRUE(made);
  const std::string text(made->key.reveal());
  ASSERT_TRUE(parse_key(text));
  const auto identity = house.verify(text);
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_EQ(identity->name, "bob");
  EXPECT_EQ(identity->credential, CredentialKind::kApiKey);
  EXPECT_EQ(identity->key_id, made->view.id);
  EXPECT_EQ(identity->scopes, Scopes{Scope::kToolsCall});
  EXPECT_EQ(made->view.expires, made->view.created + hours(24 * 30));
  const std::string secret(parse_key(text)->secret);
  EXPECT_EQ(house.store.key_rows[made->view.id].hmac.size(), 32U);
  EXPECT_EQ(house.store.key_rows[made->view.id].hmac.find(secret), std::string::npos);
  for (const state::Change& change : house.store.log) EXPECT_EQ(change.detail.find(secret), std::string::npos);
  house.reopen();
  EXPECT_TRUE(house.verify(text));
}

TEST(Keys, do_not_work_with_another_id_or_secret) {
  House house;
  const auto a = house.accounts().create_key(house.admin(), House::key({"admin"}));
  const auto b = house.accounts().create_key(house.admin(), House::key({"admin"}));
  const std::string secret(parse_key(a->key.reveal())->secret);
  ASSERT_TRUE(house.verify(key_text(a->view.id, secret)));
  EXPECT_FALSE(house.verify(key_text(b->view.id, secret)));
  EXPECT_FALSE(house.verify(key_text(999, secret)));
  EXPECT_FALSE(house.verify(key_text(a->view.id, std::string(43, 'A'))));
  house.settings().secret_key = Secret(std::string(32, 'z'));
  house.reopen();
  EXPECT_FALSE(house.verify(a->key.reveal())) << "another server secret";
}

TEST(Keys, honour_the_expiry_that_was_asked_for) {
  House house;
  NewKey request = House::key({"tools:call"});
  request.expires = house.clock.wall() + hours(1);
  const auto made = house.accounts().create_key(house.admin(), request);
  house.clock.advance(hours(1) - std::chrono::seconds(1));
  EXPECT_TRUE(house.verify(made->key.reveal()));
  house.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(house.verify(made->key.reveal()));
  EXPECT_EQ(slug_of(house.accounts().create_key(house.admin(), request)), "bad-request");
}

TEST(Keys, refuse_bad_input) {
  House house;
  const Identity admin = house.admin();
  EXPECT_EQ(slug_of(house.accounts().create_key(admin, House::key({}))), "bad-request");
  EXPECT_EQ(slug_of(house.accounts().create_key(admin, House::key({"root"}))), "bad-request");
  NewKey unnamed = House::key({"admin"});
  unnamed.name.clear();
  EXPECT_EQ(slug_of(house.accounts().create_key(admin, unnamed)), "bad-request");
  // The local administrator is no user: the key goes to the oldest superuser.
  const auto local = house.accounts().create_key(Identity::local("root"), House::key({"admin"}));
  EXPECT_TRUE(local && local->view.user_id == admin.user_id);
  NewKey nobody = House::key({"admin"});
  nobody.user_id = 999;
  EXPECT_EQ(slug_of(house.accounts().create_key(admin, nobody)), "not-found");
}

TEST(Keys, are_seen_and_revoked_by_their_owner_and_superusers) {
  House house;
  house.add("bob", {"gateway:write", "tools:call"});
  house.add("eve", {"gateway:write", "gateway:read", "tools:call"});
  const auto made = house.accounts().create_key(house.identity("bob"), House::key({"tools:call"}));
  EXPECT_TRUE(house.accounts().api_keys(house.identity("eve"))->empty());
  EXPECT_EQ(slug_of(house.accounts().revoke_key(house.identity("eve"), made->view.id)), "not-found");
  EXPECT_EQ(house.accounts().api_keys(house.identity("bob"))->size(), 1U);
  EXPECT_EQ(house.accounts().api_keys(house.admin())->size(), 1U);
  ASSERT_TRUE(house.accounts().revoke_key(house.identity("bob"), made->view.id));
  EXPECT_FALSE(house.verify(made->key.reveal()));
}

TEST(Keys, a_weak_key_reaches_only_itself) {
  House house;
  const auto weak = house.accounts().create_key(house.admin(), House::key({"tools:call"}));
  const auto other = house.accounts().create_key(house.admin(), House::key({"tools:call"}));
  const Identity by_key = *house.verify(weak->key.reveal());
  EXPECT_EQ(house.accounts().api_keys(by_key)->size(), 1U);
  EXPECT_EQ(slug_of(house.accounts().revoke_key(by_key, other->view.id)), "not-found");
  EXPECT_TRUE(house.accounts().revoke_key(by_key, weak->view.id));
  EXPECT_FALSE(house.verify(weak->key.reveal()));
}

TEST(Keys, their_use_is_gathered_and_written_in_one_go) {
  House house;
  const auto made = house.accounts().create_key(house.admin(), House::key({"admin"}));
  KeyUse use;
  const Identity by_key = *house.verify(made->key.reveal());
  use.note(by_key, house.clock.wall());
  use.note(by_key, house.clock.wall() + hours(1));
  use.note(house.admin(), house.clock.wall());
  const auto batch = use.take();
  ASSERT_EQ(batch.size(), 1U);
  EXPECT_TRUE(use.take().empty());
  ASSERT_TRUE(house.accounts().record_key_use(batch));
  EXPECT_EQ(house.store.key_rows[made->view.id].last_used, house.clock.wall() + hours(1));
}

TEST(Changes, reach_a_verifier_through_the_callback_and_the_audit) {
  House house;
  Verifier verifier(house.accounts().keys(), house.accounts().index());
  const auto made = house.accounts().create_key(house.admin(), House::key({"admin"}));
  EXPECT_FALSE(verifier.verify(made->key.reveal(), house.clock.wall())) << "the old index does not know it";
  house.accounts().on_change([&](std::shared_ptr<const KeyIndex> index) { verifier.update(std::move(index)); });
  const Identity admin = house.admin();
  house.store.log.clear();
  const auto second = house.accounts().create_key(admin, House::key({"admin"}));
  EXPECT_TRUE(verifier.verify(second->key.reveal(), house.clock.wall()));
  ASSERT_TRUE(house.accounts().revoke_key(*verifier.verify(second->key.reveal(), house.clock.wall()), second->view.id));
  EXPECT_FALSE(verifier.verify(second->key.reveal(), house.clock.wall()));
  ASSERT_EQ(house.store.log.size(), 2U);
  EXPECT_EQ(house.store.log[0].action, "key.created");
  EXPECT_EQ(house.store.log[0].actor, "user:admin");
  EXPECT_EQ(house.store.log[1].action, "key.revoked");
  EXPECT_EQ(house.store.log[1].actor, "key:" + std::to_string(second->view.id) + " of user:admin");
}

TEST(Changes, that_the_store_refuses_change_nothing) {
  House house;
  const Identity admin = house.admin();
  const auto before = house.accounts().index();
  house.store.failure = make_error("disk-full", "no room");
  EXPECT_EQ(slug_of(house.accounts().create_user(admin, House::user("bob"))), "disk-full");
  EXPECT_EQ(slug_of(house.accounts().create_key(admin, House::key({"admin"}))), "disk-full");
  EXPECT_EQ(slug_of(house.accounts().login("admin", Secret("correct horse"), "c").token), "disk-full");
  EXPECT_EQ(house.accounts().index(), before);
  house.store.failure.reset();
  EXPECT_TRUE(house.accounts().create_user(admin, House::user("bob")));
}

TEST(Changes, of_several_threads_at_once_all_count) {
  House house;
  const Identity admin = house.admin();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 5; ++i) {
          EXPECT_TRUE(house.accounts().create_key(admin, House::key({"tools:call"})));
          EXPECT_TRUE(house.accounts().login("admin", Secret("correct horse"), std::to_string(t)).token);
          EXPECT_TRUE(house.accounts().index());
        }
      });
    }
  }
  EXPECT_EQ(house.accounts().api_keys(admin)->size(), 20U);
}

}  // namespace
}  // namespace gatehouse::access
