// The contract of state::Store, as a typed suite that every implementation instantiates:
//
//   struct Harness { state::Store& store(); void reopen(); };   // reopen(): as after a restart of the daemon
//   INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreContract, Harness);
//
// Each test gets a new, empty store.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "gatehouse/state/store.h"

namespace gatehouse::state {

inline WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds) + std::chrono::microseconds(7)); }

inline Change change(const std::string& action = "test", std::int64_t seconds = 1000) {
  return {at(seconds), "user:tester", action, "thing", "detail"};
}

inline User some_user(const std::string& name) {
  User user;
  user.username = name;
  user.email = name + "@example.com";
  user.full_name = "Zoë \"Z\" O'Hara";
  user.scopes = {"gateway:read", "tools:call"};
  user.password_hash = "$argon2id$" + name;
  user.created = user.updated = at(10);
  return user;
}

inline ApiKey some_key(std::int64_t user_id, char fill) {
  ApiKey key;
  key.user_id = user_id;
  key.name = "ci";
  key.description = "for the build";
  key.scopes = {"tools:call"};
  key.expires = at(5000);
  key.created = at(20);
  key.hmac = std::string(32, fill);
  key.hmac[3] = '\0';
  return key;
}

inline ServerInstance some_instance(const std::string& id) {
  ServerInstance row;
  row.id = id;
  row.template_name = "demo";
  row.transport = "stdio";
  row.command = {"python", "-c", "print(\"a b\\n\")", "", "\x01 tab\t", "ünï"};
  row.metadata = R"({"weight":3})";
  row.working_directory = "/srv/a b";
  row.name_space = "team";
  row.sealed_environment = std::string("\0\xff sealed", 9);
  row.created = row.updated = at(30);
  return row;
}

template <class Harness>
class StoreContract : public ::testing::Test {
 protected:
  Store& store() { return harness_.store(); }
  std::int64_t add_user(const std::string& name) {
    auto id = store().add_user(some_user(name), change());
    EXPECT_TRUE(id) << id.error().message;
    return id ? *id : 0;
  }
  void add_template(const std::string& name) {
    ServerTemplate row{name, "a template", "weighted", at(1), at(1)};
    EXPECT_TRUE(store().put_template(row, change()));
  }
  std::size_t audit_rows() { return store().audit(0, 1000)->size(); }
  Harness harness_;
};

TYPED_TEST_SUITE_P(StoreContract);

TYPED_TEST_P(StoreContract, answers_and_is_whole_when_new) {
  EXPECT_TRUE(this->store().ping());
  EXPECT_TRUE(this->store().check_integrity());
  EXPECT_TRUE(this->store().users()->empty());
}

TYPED_TEST_P(StoreContract, tries_to_write_and_leaves_no_audit_row) {
  EXPECT_EQ(this->store().write_health().trouble, "");
  EXPECT_TRUE(this->store().try_write());
  EXPECT_TRUE(this->store().try_write());
  EXPECT_TRUE(this->store().audit(0, 10)->empty());
}

TYPED_TEST_P(StoreContract, gives_back_a_user_as_stored_also_after_a_restart) {
  User user = some_user("bob");
  user.active = false;
  user.superuser = true;
  user.token_generation = 4;
  user.id = *this->store().add_user(user, change());
  this->harness_.reopen();
  const auto found = this->store().user(user.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->username, "bob");
  EXPECT_EQ(found->email, "bob@example.com");
  EXPECT_EQ(found->full_name, user.full_name);
  EXPECT_EQ(found->scopes, user.scopes);
  EXPECT_FALSE(found->active);
  EXPECT_TRUE(found->superuser);
  EXPECT_EQ(found->password_hash, user.password_hash);
  EXPECT_EQ(found->token_generation, 4);
  EXPECT_EQ(found->created, at(10));
  EXPECT_EQ(this->store().user_named("bob")->id, user.id);
}

TYPED_TEST_P(StoreContract, refuses_a_username_twice_and_leaves_no_audit_row) {
  this->add_user("bob");
  const std::size_t rows = this->audit_rows();
  const auto again = this->store().add_user(some_user("bob"), change());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().slug, "conflict");
  EXPECT_EQ(this->audit_rows(), rows);
}

TYPED_TEST_P(StoreContract, says_not_found_and_leaves_no_audit_row) {
  Store& store = this->store();
  User nobody = some_user("nobody");
  nobody.id = 99;
  EXPECT_EQ(store.user(99).error().slug, "not-found");
  EXPECT_EQ(store.user_named("nobody").error().slug, "not-found");
  EXPECT_EQ(store.update_user(nobody, change()).error().slug, "not-found");
  EXPECT_EQ(store.remove_user(99, change()).error().slug, "not-found");
  EXPECT_EQ(store.set_password_hash(99, "x", change()).error().slug, "not-found");
  EXPECT_EQ(store.key(99).error().slug, "not-found");
  EXPECT_EQ(store.revoke_key(99, change()).error().slug, "not-found");
  EXPECT_EQ(store.add_key(some_key(99, 'a'), change()).error().slug, "not-found");
  EXPECT_EQ(store.remove_template("demo", change()).error().slug, "not-found");
  EXPECT_EQ(store.add_instance(some_instance("i"), change()).error().slug, "not-found");
  EXPECT_EQ(store.update_instance(some_instance("i"), change()).error().slug, "not-found");
  EXPECT_EQ(store.remove_instance("demo", "i", change()).error().slug, "not-found");
  EXPECT_EQ(store.instance("i").error().slug, "not-found");
  EXPECT_EQ(store.record_health("i", "healthy", 0, at(1)).error().slug, "not-found");
  EXPECT_EQ(this->audit_rows(), 0U);
}

TYPED_TEST_P(StoreContract, updates_a_user_but_not_the_hash) {
  User user = some_user("bob");
  user.id = this->add_user("bob");
  user.email = "new@example.com";
  user.scopes = {};
  user.active = false;
  user.password_hash = "ignored";
  user.updated = at(50);
  ASSERT_TRUE(this->store().update_user(user, change()));
  const auto found = this->store().user(user.id);
  EXPECT_EQ(found->email, "new@example.com");
  EXPECT_TRUE(found->scopes.empty());
  EXPECT_FALSE(found->active);
  EXPECT_EQ(found->password_hash, "$argon2id$bob");
  EXPECT_EQ(found->updated, at(50));
  EXPECT_EQ(found->created, at(10));
}

TYPED_TEST_P(StoreContract, a_new_password_voids_tokens_a_better_hash_does_not) {
  const std::int64_t id = this->add_user("bob");
  ASSERT_TRUE(this->store().upgrade_password_hash(id, "$argon2id$bob", "better"));
  EXPECT_EQ(this->store().user(id)->password_hash, "better");
  EXPECT_EQ(this->store().user(id)->token_generation, 0);
  ASSERT_TRUE(this->store().upgrade_password_hash(id, "$argon2id$bob", "late"));
  EXPECT_EQ(this->store().user(id)->password_hash, "better");
  ASSERT_TRUE(this->store().set_password_hash(id, "changed", change()));
  EXPECT_EQ(this->store().user(id)->password_hash, "changed");
  EXPECT_EQ(this->store().user(id)->token_generation, 1);
}

TYPED_TEST_P(StoreContract, never_gives_an_id_twice) {
  const std::int64_t first = this->add_user("bob");
  ASSERT_TRUE(this->store().remove_user(first, change()));
  this->harness_.reopen();
  EXPECT_GT(this->add_user("bob"), first);
}

TYPED_TEST_P(StoreContract, keeps_keys_and_removes_them_with_their_user) {
  const std::int64_t bob = this->add_user("bob");
  const std::int64_t eve = this->add_user("eve");
  const ApiKey key = some_key(bob, 'a');
  const std::int64_t id = *this->store().add_key(key, change());
  ASSERT_TRUE(this->store().add_key(some_key(eve, 'b'), change()));
  this->harness_.reopen();
  const auto found = this->store().key(id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user_id, bob);
  EXPECT_EQ(found->hmac, key.hmac);
  EXPECT_EQ(found->scopes, key.scopes);
  EXPECT_EQ(found->expires, at(5000));
  EXPECT_FALSE(found->last_used);
  EXPECT_TRUE(found->active);
  ASSERT_TRUE(this->store().remove_user(bob, change()));
  ASSERT_EQ(this->store().keys()->size(), 1U);
  EXPECT_EQ(this->store().keys()->front().user_id, eve);
}

TYPED_TEST_P(StoreContract, refuses_the_same_key_hmac_twice) {
  const std::int64_t bob = this->add_user("bob");
  ASSERT_TRUE(this->store().add_key(some_key(bob, 'a'), change()));
  EXPECT_EQ(this->store().add_key(some_key(bob, 'a'), change()).error().slug, "conflict");
}

TYPED_TEST_P(StoreContract, revokes_a_key_for_good) {
  const std::int64_t id = *this->store().add_key(some_key(this->add_user("bob"), 'a'), change());
  ASSERT_TRUE(this->store().revoke_key(id, change()));
  this->harness_.reopen();
  EXPECT_FALSE(this->store().key(id)->active);
}

TYPED_TEST_P(StoreContract, records_key_use_without_going_back_in_time) {
  const std::int64_t id = *this->store().add_key(some_key(this->add_user("bob"), 'a'), change());
  ASSERT_TRUE(this->store().record_key_use({{id, at(200)}, {4711, at(200)}}));
  ASSERT_TRUE(this->store().record_key_use({{id, at(100)}}));
  EXPECT_EQ(this->store().key(id)->last_used, at(200));
}

TYPED_TEST_P(StoreContract, remembers_revoked_tokens_until_they_expire) {
  ASSERT_TRUE(this->store().revoke_token({"old", at(500)}, change("t", 100)));
  ASSERT_TRUE(this->store().revoke_token({"old", at(500)}, change("t", 100)));
  ASSERT_TRUE(this->store().revoke_token({"new", at(2000)}, change("t", 600)));
  this->harness_.reopen();
  const auto tokens = this->store().revoked_tokens();
  ASSERT_EQ(tokens->size(), 1U);
  EXPECT_EQ(tokens->front().token_id, "new");
}

TYPED_TEST_P(StoreContract, replaces_a_template_and_keeps_when_it_was_made) {
  this->add_template("demo");
  ASSERT_TRUE(this->store().put_template({"demo", "better", "random", at(77), at(77)}, change()));
  const auto rows = this->store().templates();
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().description, "better");
  EXPECT_EQ(rows->front().strategy, "random");
  EXPECT_EQ(rows->front().created, at(1));
  EXPECT_EQ(rows->front().updated, at(77));
}

TYPED_TEST_P(StoreContract, keeps_an_instance_byte_for_byte) {
  this->add_template("demo");
  const ServerInstance row = some_instance("i-1");
  ASSERT_TRUE(this->store().add_instance(row, change()));
  this->harness_.reopen();
  const auto found = this->store().instance("i-1");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->command, row.command);
  EXPECT_EQ(found->metadata, row.metadata);
  EXPECT_EQ(found->working_directory, row.working_directory);
  EXPECT_EQ(found->name_space, row.name_space);
  EXPECT_EQ(found->sealed_environment, row.sealed_environment);
  EXPECT_EQ(found->status, "unknown");
  EXPECT_FALSE(found->last_health_check);
  EXPECT_EQ(this->store().add_instance(row, change()).error().slug, "conflict");
}

TYPED_TEST_P(StoreContract, updates_and_removes_instances_of_the_right_template) {
  this->add_template("demo");
  this->add_template("other");
  ServerInstance row = some_instance("i-1");
  ASSERT_TRUE(this->store().add_instance(row, change()));
  row.transport = "http";
  row.endpoint = "http://127.0.0.1:9000/mcp";
  row.name_space = "other team";
  row.command.clear();
  ASSERT_TRUE(this->store().update_instance(row, change()));
  ASSERT_TRUE(this->store().record_health("i-1", "unhealthy", 3, at(60)));
  const auto rows = this->store().instances();
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().endpoint, row.endpoint);
  EXPECT_EQ(rows->front().name_space, row.name_space);
  EXPECT_TRUE(rows->front().command.empty());
  EXPECT_EQ(rows->front().status, "unhealthy");
  EXPECT_EQ(rows->front().consecutive_failures, 3);
  EXPECT_EQ(rows->front().last_health_check, at(60));
  EXPECT_EQ(this->store().remove_instance("other", "i-1", change()).error().slug, "not-found");
  ASSERT_TRUE(this->store().remove_template("demo", change()));
  EXPECT_TRUE(this->store().instances()->empty());
}

TYPED_TEST_P(StoreContract, refuses_values_outside_the_schema) {
  this->add_template("demo");
  ServerInstance row = some_instance("i-1");
  row.transport = "carrier pigeon";
  EXPECT_EQ(this->store().add_instance(row, change()).error().slug, "bad-request");
  row = some_instance("i-1");
  row.metadata = "{not json";
  EXPECT_EQ(this->store().add_instance(row, change()).error().slug, "bad-request");
}

TYPED_TEST_P(StoreContract, keeps_settings_and_the_first_generated_value) {
  EXPECT_FALSE(*this->store().setting("secret_key"));
  EXPECT_EQ(*this->store().setting_or_store("secret_key", "one", change()), "one");
  EXPECT_EQ(*this->store().setting_or_store("secret_key", "two", change()), "one");
  this->harness_.reopen();
  EXPECT_EQ(*this->store().setting("secret_key"), "one");
  ASSERT_TRUE(this->store().put_setting("secret_key", "three", change()));
  EXPECT_EQ(*this->store().setting("secret_key"), "three");
}

TYPED_TEST_P(StoreContract, writes_one_audit_row_for_each_change_newest_first) {
  this->add_user("bob");
  ASSERT_TRUE(this->store().append_audit(change("second", 2000)));
  this->harness_.reopen();
  const auto rows = this->store().audit(0, 10);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ(rows->at(0).change.action, "second");
  EXPECT_EQ(rows->at(0).change.at, at(2000));
  EXPECT_EQ(rows->at(0).change.actor, "user:tester");
  EXPECT_GT(rows->at(0).id, rows->at(1).id);
  const auto older = this->store().audit(rows->at(0).id, 10);
  ASSERT_EQ(older->size(), 1U);
  EXPECT_EQ(older->front().change.action, "test");
  EXPECT_EQ(this->store().audit(0, 1)->size(), 1U);
}

TYPED_TEST_P(StoreContract, finds_nothing_under_texts_that_it_cannot_keep) {
  for (const std::string& odd : {std::string("bob\0", 4), std::string("bob\xff"), std::string("\xed\xa0\x80")}) {
    EXPECT_EQ(this->store().user_named(odd).error().slug, "not-found");
    EXPECT_EQ(this->store().instance(odd).error().slug, "not-found");
    EXPECT_FALSE(*this->store().setting(odd));
  }
}

TYPED_TEST_P(StoreContract, refuses_texts_that_it_cannot_keep_and_leaves_no_audit_row) {
  for (const std::string& odd : {std::string("bob\0", 4), std::string("bob\xff"), std::string("\xed\xa0\x80")}) {
    EXPECT_EQ(this->store().add_user(some_user(odd), change()).error().slug, "bad-request");
    EXPECT_EQ(this->store().put_setting("name", odd, change()).error().slug, "bad-request");
  }
  EXPECT_EQ(this->audit_rows(), 0U);
}

TYPED_TEST_P(StoreContract, never_refuses_an_audit_row_for_its_bytes) {
  Change odd = change();
  odd.subject = std::string("user:\0 \xff end", 12);
  odd.detail = "tab\t line\n quote' \"ünï\"";
  ASSERT_TRUE(this->store().append_audit(odd));
  const Change kept = this->store().audit(0, 1)->front().change;
  EXPECT_EQ(kept.subject, "user:\xef\xbf\xbd \xef\xbf\xbd end");
  EXPECT_EQ(kept.detail, odd.detail);
}

TYPED_TEST_P(StoreContract, sorts_texts_by_their_bytes) {
  const std::vector<std::string> sorted = {"A", "B-1", "B1", "Z", "a", "b", "\xc3\xa4", "\xe2\x82\xac"};
  for (const std::string& name : {sorted[5], sorted[7], sorted[1], sorted[4], sorted[6], sorted[0], sorted[3], sorted[2]}) {
    this->add_template(name);
  }
  std::vector<std::string> names;
  const auto rows = this->store().templates();
  for (const ServerTemplate& row : *rows) names.push_back(row.name);
  EXPECT_EQ(names, sorted);
}

TYPED_TEST_P(StoreContract, keeps_times_to_the_microsecond_and_numbers_to_their_ends) {
  User user = some_user("bob");
  user.created = WallTime(std::chrono::microseconds(-1));
  user.updated = WallTime(std::chrono::microseconds(8'999'999'999'999'999));
  user.token_generation = std::numeric_limits<std::int64_t>::max();
  const auto id = this->store().add_user(user, change());
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(this->store().user(*id)->created, user.created);
  EXPECT_EQ(this->store().user(*id)->updated, user.updated);
  EXPECT_EQ(this->store().user(*id)->token_generation, user.token_generation);
}

TYPED_TEST_P(StoreContract, serves_several_threads_and_loses_nothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 15;
  const std::int64_t bob = this->add_user("bob");
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const std::string name = "u" + std::to_string(t) + "-" + std::to_string(i);
          if (!this->store().add_user(some_user(name), change())) ++failures;
          if (!this->store().user_named(name)) ++failures;
          if (!this->store().users()) ++failures;
          if (!this->store().record_key_use({{bob, at(i)}})) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures.load(), 0);
  EXPECT_EQ(this->store().users()->size(), 1U + kThreads * kEach);
  EXPECT_EQ(this->audit_rows(), 1U + kThreads * kEach);
}

REGISTER_TYPED_TEST_SUITE_P(StoreContract, answers_and_is_whole_when_new, tries_to_write_and_leaves_no_audit_row,
                            gives_back_a_user_as_stored_also_after_a_restart,
                            refuses_a_username_twice_and_leaves_no_audit_row, says_not_found_and_leaves_no_audit_row,
                            updates_a_user_but_not_the_hash, a_new_password_voids_tokens_a_better_hash_does_not,
                            never_gives_an_id_twice, keeps_keys_and_removes_them_with_their_user,
                            refuses_the_same_key_hmac_twice, revokes_a_key_for_good,
                            records_key_use_without_going_back_in_time, remembers_revoked_tokens_until_they_expire,
                            replaces_a_template_and_keeps_when_it_was_made, keeps_an_instance_byte_for_byte,
                            updates_and_removes_instances_of_the_right_template, refuses_values_outside_the_schema,
                            keeps_settings_and_the_first_generated_value,
                            writes_one_audit_row_for_each_change_newest_first,
                            finds_nothing_under_texts_that_it_cannot_keep,
                            refuses_texts_that_it_cannot_keep_and_leaves_no_audit_row,
                            never_refuses_an_audit_row_for_its_bytes, sorts_texts_by_their_bytes,
                            keeps_times_to_the_microsecond_and_numbers_to_their_ends, serves_several_threads_and_loses_nothing);

}  // namespace gatehouse::state
