#include "postgres_address.h"

#include <gtest/gtest.h>

#include "gatehouse/state/open.h"

namespace gatehouse::state {
namespace {

struct Case {
  const char* url;
  const char* name;
  const char* password;
  const char* sslmode;
};

TEST(PostgresAddress, reads_urls_and_completes_them) {
  const Case cases[] = {
      {"postgresql://u:p@db.test:6432/d", "postgresql://u@db.test:6432/d", "p", "verify-full"},
      {"postgres://u@db.test/d", "postgresql://u@db.test:5432/d", "", "verify-full"},
      {"postgresql+asyncpg://u:p@localhost/d", "postgresql://u@localhost:5432/d", "p", "prefer"},
      {"postgresql+psycopg2://u:p@127.0.0.1/d", "postgresql://u@127.0.0.1:5432/d", "p", "prefer"},
      {"postgresql://u:p@[::1]:6432/d", "postgresql://u@[::1]:6432/d", "p", "prefer"},
      {"postgresql://u:p@[2001:db8::1]/d", "postgresql://u@[2001:db8::1]:5432/d", "p", "verify-full"},
      {"postgresql://db.test", "postgresql://mcpuser@db.test:5432/mcp_gateway", "", "verify-full"},
      {"postgresql://", "postgresql://mcpuser@127.0.0.1:5432/mcp_gateway", "", "prefer"},
      {"postgresql://u@a.test,b.test:6000/d", "postgresql://u@a.test:5432,b.test:6000/d", "", "verify-full"},
      {"postgresql://u@127.0.0.1,b.test/d", "postgresql://u@127.0.0.1:5432,b.test:5432/d", "", "verify-full"},
      {"postgresql:///d?host=/run/postgresql", "postgresql://mcpuser@/run/postgresql:5432/d", "", "prefer"},
      {"postgresql://%2Frun%2Fpostgresql/d", "postgresql://mcpuser@/run/postgresql:5432/d", "", "prefer"},
      {"postgresql://u:p@db.test/d?sslmode=require", "postgresql://u@db.test:5432/d", "p", "require"},
      {"postgresql://u%40x:a%3Ab%2Fc%25@db.test/d%20e", "postgresql://u@x@db.test:5432/d e", "a:b/c%", "verify-full"},
      {"postgresql://u:a:b@c@db.test/d", "postgresql://u@db.test:5432/d", "a:b@c", "verify-full"},
  };
  for (const Case& c : cases) {
    const auto address = postgres_address(c.url, {});
    ASSERT_TRUE(address) << c.url << ": " << address.error().message;
    EXPECT_EQ(address->name(), c.name) << c.url;
    EXPECT_EQ(address->password.reveal(), c.password) << c.url;
    EXPECT_EQ(address->sslmode, c.sslmode) << c.url;
  }
}

TEST(PostgresAddress, refuses_what_cannot_be_meant_without_repeating_it) {
  for (const char* url :
       {"postgresql://u:hunter2@h:0/d", "postgresql://u:hunter2@h:70000/d", "postgresql://u:hunter2@h:x/d", "postgresql://u:hunter2/x@h/d",
        "postgresql://u:1/hunter2@h/d", "postgresql://u:hunter2%zz@h/d", "postgresql://u:hunter2%00@h/d", "postgresql://u@h/d?password=hunter2",
        "postgresql://u:hunter2#@h/d", "postgresql://u@h/hunter2/d", "postgresql://u@h/d?sslmode=hunter2", "postgresql://u@h/d?sslmode=",
        "postgresql://u@h hunter2/d", "postgresql://u@h,,hunter2/d", "postgresql:hunter2", "mysql://u:hunter2@h/d", "postgresqlx://u:hunter2@h/d"}) {
    const auto address = postgres_address(url, {});
    ASSERT_FALSE(address) << url << ": " << address->name();
    EXPECT_EQ(address.error().slug, "database-unsupported") << url;
    EXPECT_EQ((address.error().message + address.error().help).find("hunter2"), std::string::npos) << address.error().message;
  }
}

TEST(PostgresAddress, takes_from_the_settings_what_the_url_leaves_out) {
  PostgresSettings settings;
  settings.host = "db.test";
  settings.port = 6000;
  settings.user = "app";
  settings.database = "house";
  settings.password = Secret("p@ss/word?");
  settings.sslrootcert = "/etc/db.pem";
  const auto parts = postgres_address("", settings);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->name(), "postgresql://app@db.test:6000/house");
  EXPECT_EQ(parts->password.reveal(), "p@ss/word?");
  EXPECT_EQ(parts->sslmode, "verify-full");
  EXPECT_EQ(parts->sslrootcert, "/etc/db.pem");
  const auto url = postgres_address("postgresql://u:own@h/d?sslrootcert=/x.pem", settings);
  ASSERT_TRUE(url);
  EXPECT_EQ(url->name(), "postgresql://u@h:6000/d");
  EXPECT_EQ(url->password.reveal(), "own");
  EXPECT_EQ(url->sslrootcert, "/x.pem");
}

TEST(PostgresAddress, writes_connection_strings_that_libpq_cannot_misread) {
  PostgresSettings settings;
  settings.password = Secret("it's a \\ 'host=evil");
  const auto address = postgres_address("", settings);
  ASSERT_TRUE(address);
  const Secret text = address->connection_string(std::chrono::seconds(3));
  EXPECT_NE(text.reveal().find(R"(password='it\'s a \\ \'host=evil' )"), std::string_view::npos) << text.reveal();
  EXPECT_NE(text.reveal().find("connect_timeout='3'"), std::string_view::npos);
}

TEST(DatabaseUrl, chooses_the_database) {
  PostgresSettings parts;
  EXPECT_FALSE(means_postgres({.directory = {}, .database_url = "", .postgres = parts}));
  parts.password = Secret("x");
  EXPECT_TRUE(means_postgres({.directory = {}, .database_url = "", .postgres = parts}));
  EXPECT_FALSE(means_postgres({.directory = {}, .database_url = "sqlite:x", .postgres = parts}));
  parts = {};
  parts.host = "db.test";
  EXPECT_TRUE(means_postgres({.directory = {}, .database_url = "", .postgres = parts}));
  EXPECT_TRUE(means_postgres({.directory = {}, .database_url = "postgresql+asyncpg://h/d", .postgres = {}}));
}

TEST(DatabaseUrl, is_shown_without_its_password) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"sqlite:/srv/g.db", "sqlite:/srv/g.db"},
      {"postgresql://u:p@h:1/d?sslmode=require", "postgresql://u:(redacted)@h:1/d?sslmode=require"},
      {"postgresql://u:a:b@c@h/d", "postgresql://u:(redacted)@h/d"},
      {"postgresql://u@h:1/d", "postgresql://u@h:1/d"},
      {"postgresql://h:1/d", "postgresql://h:1/d"},
      {"postgresql://u:p/x@h/d", "(redacted)"},
      {"mysql://u:p@h/d", "(redacted)"},
  };
  for (const auto& [url, shown] : cases) EXPECT_EQ(shown_database_url(url), shown) << url;
}

TEST(DatabaseUrl, ignores_the_driver_of_the_earlier_platform) {
  EXPECT_EQ(*database_path({"", "sqlite+aiosqlite:///x.db"}, "/d"), "/d/x.db");
  EXPECT_TRUE(check_database_url("postgresql+asyncpg://u@h/d"));
}

}  // namespace
}  // namespace gatehouse::state
