// TLS to the database: on by default when it is elsewhere, verified, and refused with words that help.
#include <gtest/gtest.h>

#include "fakes/test_ca.h"
#include "gatehouse/runtime/clock.h"
#include "postgres_harness.h"

namespace gatehouse::state {
namespace {

class PostgresTls : public ::testing::Test {
 protected:
  PostgresTls() {
    temporary_.write("right.pem", right_.pem());
    temporary_.write("wrong.pem", wrong_.pem());
    const auto leaf = right_.issue({.common_name = "db", .names = "IP:127.0.0.1,DNS:localhost"});
    PostgresPlace::server().use_tls(leaf.chain, leaf.key);
  }
  ~PostgresTls() override { PostgresPlace::server().set("ssl", "off"); }

  Settings settings(const std::string& host, const std::string& parameters) {
    Settings settings = place_.single();
    settings.database_url.replace(settings.database_url.find("127.0.0.1"), 9, host);
    settings.database_url += "?" + parameters;
    return settings;
  }
  std::string root(const char* name) { return "sslmode=verify-full&sslrootcert=" + temporary_.file(name); }
  Result<std::unique_ptr<Store>> open(const Settings& settings) {
    return open_store(settings, directory_, runtime::system_clock());
  }

  const runtime::WallTime now_ = runtime::system_clock().wall();
  fakes::TestCa right_{"right", now_};
  fakes::TestCa wrong_{"wrong", now_};
  fakes::TemporaryDirectory temporary_;
  StateDirectory directory_ = *StateDirectory::open(temporary_.file("state"));
  PostgresPlace place_;
};

void expect_refusal(const Result<std::unique_ptr<Store>>& store, const char* help) {
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().slug, "database-unreachable") << store.error().message;
  EXPECT_NE(store.error().help.find(help), std::string::npos) << store.error().message << " / " << store.error().help;
  EXPECT_EQ(store.error().message.find("owner-pw"), std::string::npos);
}

TEST_F(PostgresTls, verifies_the_server_and_works) {
  const auto store = open(settings("127.0.0.1", root("right.pem")));
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->ping());
  EXPECT_EQ(place_.sql("SELECT count(*) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)"
                       " WHERE a.application_name = 'gatehouse' AND s.ssl AND a.datname = current_database()")[0][0].as<int>(), 1);
}

TEST_F(PostgresTls, takes_the_authority_from_the_settings) {
  Settings with_file = settings("127.0.0.1", "sslmode=verify-full");
  with_file.postgres.sslrootcert = temporary_.file("right.pem");
  EXPECT_TRUE(open(with_file));
  Settings with_mode = place_.single();
  with_mode.postgres.sslmode = "verify-full";
  with_mode.postgres.sslrootcert = temporary_.file("wrong.pem");
  EXPECT_FALSE(open(with_mode));
}

TEST_F(PostgresTls, refuses_a_certificate_of_another_authority) {
  expect_refusal(open(settings("127.0.0.1", root("wrong.pem"))), "state.postgres.sslrootcert");
}

TEST_F(PostgresTls, trusts_the_authorities_of_the_system_when_none_is_named) {
  expect_refusal(open(settings("127.0.0.1", "sslmode=verify-full")), "state.postgres.sslrootcert");
}

TEST_F(PostgresTls, refuses_a_certificate_with_another_name) {
  expect_refusal(open(settings("127.0.0.2", root("right.pem"))), "a name that stands in the server's certificate");
}

TEST_F(PostgresTls, says_which_file_is_missing) {
  expect_refusal(open(settings("127.0.0.1", root("missing.pem"))), "state.postgres.sslrootcert");
}

TEST_F(PostgresTls, refuses_a_server_without_tls) {
  PostgresPlace::server().set("ssl", "off");
  expect_refusal(open(settings("127.0.0.1", root("right.pem"))), "ssl = on");
  const auto local = open(place_.single());
  EXPECT_TRUE(local) << "on this machine TLS is not required";
}

}  // namespace
}  // namespace gatehouse::state
