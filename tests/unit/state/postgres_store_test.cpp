#include <gtest/gtest.h>

#include <thread>

#include "postgres_harness.h"
#include "store_contract.h"

namespace gatehouse::state {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, StoreContract, PostgresHarness);

// The SQLSTATE that a role gets for a statement; empty when it succeeds.
std::string refused(const PostgresPlace& place, const std::string& role, const std::string& password, const std::string& sql) {
  pqxx::connection connection("host=127.0.0.1 port=" + std::to_string(PostgresPlace::server().port()) + " user=" + role +
                              " password=" + password + " dbname=" + place.database());
  pqxx::nontransaction session(connection);
  try {
    session.exec(sql);
    return {};
  } catch (const pqxx::insufficient_privilege&) {  // libpqxx 6 forgets its SQLSTATE
    return "42501";
  } catch (const pqxx::sql_error& error) {
    return error.sqlstate();
  }
}

std::string as_application(const PostgresHarness& harness, const std::string& sql) {
  return refused(harness.place(), "house_app", "app-pw", sql);
}

TEST(PostgresStore, gives_the_application_role_rows_but_not_tables) {
  PostgresHarness harness;
  ASSERT_TRUE(harness.store().add_user(some_user("bob"), change()));
  for (const char* sql : {"CREATE TABLE gatehouse.mine (x int)", "DROP TABLE gatehouse.users", "ALTER TABLE gatehouse.users ADD x int",
                          "TRUNCATE gatehouse.users", "ALTER TABLE gatehouse.audit DISABLE TRIGGER ALL", "DROP SCHEMA gatehouse CASCADE",
                          "CREATE OR REPLACE FUNCTION gatehouse.keep_audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
                          "INSERT INTO gatehouse.schema_migrations VALUES (99, 'x', 0)", "CREATE SCHEMA other",
                          "SELECT setval('gatehouse.users_id_seq', 1)"}) {
    EXPECT_EQ(as_application(harness, sql), "42501") << sql;
  }
  EXPECT_EQ(as_application(harness, "UPDATE gatehouse.users SET email = 'x'"), "");
  EXPECT_EQ(harness.place().sql("SELECT rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE relname = 'audit'")[0][0].as<std::string>(),
            "house_owner");
}

TEST(PostgresStore, keeps_the_audit_append_only_for_both_roles) {
  PostgresHarness harness;
  ASSERT_TRUE(harness.store().append_audit(change()));
  for (const char* sql : {"UPDATE gatehouse.audit SET actor = 'somebody else'", "DELETE FROM gatehouse.audit", "TRUNCATE gatehouse.audit"}) {
    EXPECT_EQ(as_application(harness, sql), "42501") << sql;
    EXPECT_EQ(refused(harness.place(), "house_owner", "owner-pw", sql), "23001") << sql;
    EXPECT_THROW(harness.place().sql("SET session_replication_role = replica; " + std::string(sql)), pqxx::sql_error) << sql;
  }
  EXPECT_EQ(harness.store().audit(0, 10)->front().change.actor, "user:tester");
  EXPECT_EQ(harness.store().audit(0, 10)->size(), 1U);
}

TEST(PostgresStore, works_with_one_role_that_does_both) {
  PostgresHarness harness;
  PostgresPlace other;
  const auto store = harness.open(other.single());
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE((*store)->add_user(some_user("bob"), change()));
  EXPECT_EQ(refused(other, "house_owner", "owner-pw", "DELETE FROM gatehouse.audit"), "23001");
}

TEST(PostgresStore, starts_without_the_owner_once_the_schema_is_there) {
  PostgresHarness harness;
  harness.close();
  Settings settings = harness.place().settings();
  settings.postgres.owner.clear();
  const auto store = harness.open(settings);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->add_user(some_user("bob"), change()));
}

TEST(PostgresStore, says_which_role_could_make_the_schema) {
  PostgresHarness harness;
  PostgresPlace empty;
  Settings settings = empty.settings();
  settings.postgres.owner.clear();
  const auto store = harness.open(settings);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "state-unwritable");
  EXPECT_NE(store.error().help.find("state.postgres.owner"), std::string::npos);
}

TEST(PostgresStore, brings_the_first_schema_up_to_date_and_keeps_its_rows) {
  PostgresHarness harness;
  ASSERT_TRUE(harness.store().put_template({"demo", "", "random", at(1), at(1)}, change()));
  ASSERT_TRUE(harness.store().add_instance(some_instance("i"), change()));
  harness.place().sql("ALTER TABLE gatehouse.server_instances DROP COLUMN namespace; DELETE FROM gatehouse.schema_migrations WHERE version > 1");
  harness.reopen();
  const auto row = harness.store().instance("i");
  ASSERT_TRUE(row) << row.error().message;
  EXPECT_EQ(row->name_space, "");
  EXPECT_EQ(row->command, some_instance("i").command);
}

TEST(PostgresStore, is_migrated_once_by_two_that_open_it_at_once) {
  for (int round = 0; round < 3; ++round) {
    PostgresHarness harness;
    PostgresPlace place;
    std::atomic<int> opened{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          const auto store = harness.open(place.settings());
          EXPECT_TRUE(store) << store.error().message;
          if (store && (*store)->setting_or_store("key", "value", change())) ++opened;
        });
      }
    }
    EXPECT_EQ(opened.load(), 4);
    EXPECT_EQ(place.sql("SELECT count(*) FROM gatehouse.schema_migrations")[0][0].as<int>(), schema_version());
    EXPECT_EQ(place.sql("SELECT count(*) FROM gatehouse.audit")[0][0].as<int>(), 1);
  }
}

TEST(PostgresStore, refuses_a_schema_of_a_later_version_and_does_not_touch_it) {
  PostgresHarness harness;
  harness.close();
  harness.place().sql("INSERT INTO gatehouse.schema_migrations VALUES (" + std::to_string(schema_version() + 1) + ", 'later', 0)");
  const auto store = harness.open();
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "schema-newer");
  EXPECT_NE(store.error().message.find("knows up to " + std::to_string(schema_version())), std::string::npos);
}

TEST(PostgresStore, refuses_the_database_of_another_program) {
  PostgresHarness harness;
  PostgresPlace other;
  other.sql("CREATE TABLE bookmarks (url text)");
  const auto store = harness.open(other.settings());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-foreign");
  EXPECT_TRUE(other.sql("SELECT 1 FROM pg_namespace WHERE nspname = 'gatehouse'").empty());
}

TEST(PostgresStore, refuses_a_database_that_does_not_keep_utf8) {
  PostgresHarness harness;
  PostgresPlace::server().sql("postgres", "CREATE DATABASE latin OWNER house_owner TEMPLATE template0 ENCODING LATIN1");
  Settings settings = harness.place().settings();
  settings.database_url.replace(settings.database_url.rfind('/'), std::string::npos, "/latin");
  const auto store = harness.open(settings);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-unsupported");
  PostgresPlace::server().sql("postgres", "DROP DATABASE latin WITH (FORCE)");
}

TEST(PostgresStore, finds_what_constraints_and_triggers_should_have_kept_out) {
  PostgresHarness harness;
  ASSERT_TRUE(harness.store().check_integrity());
  harness.place().sql("SET session_replication_role = replica;"
                      " INSERT INTO gatehouse.api_keys VALUES (1, 4711, 'a', '', '', true, 0, 0, NULL, decode(repeat('aa', 32), 'hex'))");
  const Status orphan = harness.store().check_integrity();
  ASSERT_FALSE(orphan);
  EXPECT_EQ(orphan.error().slug, "database-corrupt");
  EXPECT_NE(orphan.error().message.find("api_keys"), std::string::npos);
  harness.place().sql("DELETE FROM gatehouse.api_keys");
  harness.place().sql("DROP TRIGGER audit_keeps_rows ON gatehouse.audit");
  EXPECT_EQ(harness.store().check_integrity().error().slug, "database-corrupt");
}

TEST(PostgresStore, does_not_quote_rows_in_its_messages) {
  PostgresHarness harness;
  const std::int64_t bob = *harness.store().add_user(some_user("bob"), change());
  ApiKey key = some_key(bob, 'a');
  key.hmac = "short";
  const auto refused_key = harness.store().add_key(key, change());
  EXPECT_EQ(refused_key.error().slug, "bad-request");
  EXPECT_EQ(refused_key.error().message.find("contains"), std::string::npos) << refused_key.error().message;
  EXPECT_EQ(refused_key.error().message.find('\n'), std::string::npos);
}

TEST(PostgresStore, is_not_ready_when_the_server_takes_no_changes) {
  PostgresHarness harness;
  ASSERT_TRUE(harness.store().ping());
  PostgresPlace::server().set("default_transaction_read_only", "on");
  const Status pinged = harness.store().ping();
  EXPECT_EQ(pinged.ok() ? "" : pinged.error().slug, "state-unwritable");
  const auto added = harness.store().add_user(some_user("bob"), change());
  EXPECT_EQ(added.ok() ? "" : added.error().slug, "state-unwritable");
  const auto opened = harness.open();
  EXPECT_EQ(opened.ok() ? "" : opened.error().slug, "database-unreachable");
  PostgresPlace::server().set("default_transaction_read_only", "off");
  EXPECT_TRUE(harness.store().ping());
}

TEST(PostgresStore, takes_passwords_with_every_special_character) {
  PostgresHarness harness;
  std::string password;
  std::string encoded;
  for (char c = 0x20; c < 0x7f; ++c) {
    password += c;
    constexpr const char* kDigits = "0123456789ABCDEF";
    encoded += std::string("%") + kDigits[c / 16] + kDigits[c % 16];
  }
  std::string quoted;
  for (const char c : password) quoted += c == '\'' ? "''" : std::string(1, c);
  PostgresPlace::server().make_role("\"Odd: @/?#\"", "'" + quoted + "'");
  harness.place().sql("GRANT house_owner TO \"Odd: @/?#\"");
  Settings settings;
  settings.database_url = "postgres://Odd%3A%20%40%2F%3F%23:" + encoded + "@127.0.0.1:" +
                          std::to_string(PostgresPlace::server().port()) + "/" + harness.place().database();
  const auto store = harness.open(settings);
  ASSERT_TRUE(store) << store.error().message;
  Settings parts;
  parts.postgres.port = static_cast<std::uint16_t>(PostgresPlace::server().port());
  parts.postgres.database = harness.place().database();
  parts.postgres.user = "Odd: @/?#";
  parts.postgres.password = Secret(password);
  EXPECT_TRUE(harness.open(parts));
  settings.postgres.owner = parts.postgres.user;
  settings.postgres.owner_password = Secret("wrong " + password);
  const auto refused_login = harness.open(settings);
  ASSERT_FALSE(refused_login);
  EXPECT_EQ(refused_login.error().slug, "database-unreachable");
  EXPECT_EQ(refused_login.error().message.find("wrong"), std::string::npos);
  EXPECT_NE(refused_login.error().help.find("POSTGRES_PASSWORD"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::state
