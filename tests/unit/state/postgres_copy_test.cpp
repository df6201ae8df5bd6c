// Copies between the two databases. "Postgres" in the name: they share its server.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/state/copy.h"
#include "open_database.h"
#include "postgres_harness.h"
#include "store_contract.h"
#include "tables.h"

namespace gatehouse::state {
namespace {

class PostgresCopy : public ::testing::Test {
 protected:
  Settings sqlite(const std::string& name) {
    Settings settings;
    settings.directory = temporary_.file("state");
    settings.database_url = "sqlite:" + temporary_.file(name);
    return settings;
  }
  std::unique_ptr<Store> open(const Settings& settings) {
    if (!directory_) directory_.emplace(*StateDirectory::open(temporary_.file("state")));
    auto store = open_store(settings, *directory_, clock_);
    EXPECT_TRUE(store) << store.error().message;
    return store ? *std::move(store) : nullptr;
  }
  void leave_directory() { directory_.reset(); }

  // Something in every table, gaps in the ids, and more audit rows than are moved at once.
  void fill(const Settings& settings) {
    {
      const auto store = open(settings);
      ASSERT_TRUE(store);
      const std::int64_t bob = *store->add_user(some_user("bob"), change());
      const std::int64_t gone = *store->add_user(some_user("gone"), change());
      User eve = some_user("eve");
      eve.active = false;
      eve.superuser = true;
      eve.scopes = {};
      ASSERT_TRUE(store->add_user(eve, change()));
      const std::int64_t last = *store->add_user(some_user("last"), change());
      ASSERT_TRUE(store->remove_user(gone, change()));
      ASSERT_TRUE(store->remove_user(last, change()));
      const std::int64_t key = *store->add_key(some_key(bob, 'a'), change());
      ASSERT_TRUE(store->add_key(some_key(bob, '\xff'), change()));
      ASSERT_TRUE(store->record_key_use({{key, at(300)}}));
      ASSERT_TRUE(store->revoke_token({"token", at(5000)}, change()));
      ASSERT_TRUE(store->put_template({"demo", "Zoë's \"demo\"", "weighted", at(1), at(2)}, change()));
      ASSERT_TRUE(store->add_instance(some_instance("i-1"), change()));
      ASSERT_TRUE(store->record_health("i-1", "unhealthy", 7, at(60)));
      ASSERT_TRUE(store->put_setting("secret_key", "s3cret", change()));
    }
    auto database = open_database(settings, settings.directory, clock_, "test");
    ASSERT_TRUE((*database)->transfer([](Session& session) -> Status {
      for (int i = 0; i < 1200; ++i) {
        auto added = session.run("INSERT INTO audit (at, actor, action, subject, detail) VALUES ($1, 'a', $2, 's', 'd')",
                                 {std::int64_t{i}, "action-" + std::to_string(i)});
        if (!added) return added.error();
      }
      return {};
    }));
    leave_directory();
  }

  // Every cell of every table, and the ids that would come next.
  std::string dump(const Settings& settings) {
    auto database = open_database(settings, settings.directory, clock_, "test");
    EXPECT_TRUE(database);
    std::string text;
    const Status done = (*database)->transfer([&](Session& session) -> Status {
      for (const Table& table : tables()) {
        auto answer = session.run("SELECT " + std::string(table.columns) + " FROM " + table.name + " ORDER BY 1");
        if (!answer) return answer.error();
        text += std::string(table.name) + "\n";
        for (const Row& row : answer->rows) {
          for (const Cell& cell : row.cells()) {
            if (const auto* number = std::get_if<std::int64_t>(&cell)) text += std::to_string(*number);
            else if (const auto* bytes = std::get_if<std::string>(&cell)) text += "'" + *bytes + "'";
            else text += "NULL";
            text += "|";
          }
          text += "\n";
        }
        if (table.numbered) text += "last " + std::to_string(*(*database)->last_id(session, table.name)) + "\n";
      }
      return {};
    });
    EXPECT_TRUE(done);
    return text;
  }

  fakes::TemporaryDirectory temporary_;
  std::optional<StateDirectory> directory_;
  PostgresPlace place_;
  runtime::Clock& clock_ = runtime::system_clock();
};

TEST_F(PostgresCopy, goes_there_and_back_and_is_equal) {
  fill(sqlite("first.db"));
  const auto there = copy(sqlite("first.db"), place_.settings(), clock_);
  ASSERT_TRUE(there) << there.error().message;
  const auto back = copy(place_.settings(), sqlite("second.db"), clock_);
  ASSERT_TRUE(back) << back.error().message;
  const std::string first = dump(sqlite("first.db"));
  EXPECT_EQ(dump(place_.settings()), first);
  EXPECT_EQ(dump(sqlite("second.db")), first);
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (const CopiedTable& table : *there) counts.emplace_back(table.name, table.rows);
  const std::vector<std::pair<std::string, std::int64_t>> expected = {
      {"users", 2}, {"api_keys", 2}, {"revoked_tokens", 1}, {"server_templates", 1}, {"server_instances", 1}, {"settings", 1},
      {"audit", 1212}};
  EXPECT_EQ(counts, expected);
}

TEST_F(PostgresCopy, gives_no_id_again_that_the_source_gave) {
  fill(sqlite("first.db"));
  ASSERT_TRUE(copy(sqlite("first.db"), place_.settings(), clock_));
  ASSERT_TRUE(copy(place_.settings(), sqlite("second.db"), clock_));
  EXPECT_EQ(*open(place_.settings())->add_user(some_user("new"), change()), 5);
  EXPECT_EQ(*open(sqlite("second.db"))->add_user(some_user("new"), change()), 5);
}

TEST_F(PostgresCopy, moves_an_empty_store) {
  open(sqlite("first.db"));
  leave_directory();
  ASSERT_TRUE(copy(sqlite("first.db"), place_.settings(), clock_));
  EXPECT_EQ(dump(place_.settings()), dump(sqlite("first.db")));
}

TEST_F(PostgresCopy, refuses_a_target_that_has_rows_and_names_the_table) {
  fill(sqlite("first.db"));
  ASSERT_TRUE(open(place_.settings())->put_setting("mine", "1", change()));
  leave_directory();
  const std::string before = dump(place_.settings());
  const auto copied = copy(sqlite("first.db"), place_.settings(), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "target-not-empty");
  EXPECT_NE(copied.error().message.find("table settings has 1 rows"), std::string::npos) << copied.error().message;
  EXPECT_EQ(dump(place_.settings()), before);
}

TEST_F(PostgresCopy, leaves_the_target_empty_when_it_fails_on_the_way) {
  fill(sqlite("first.db"));
  open(place_.settings());
  leave_directory();
  const std::string before = dump(place_.settings());
  place_.sql("ALTER TABLE gatehouse.audit ADD CHECK (action <> 'action-1100')");
  const auto copied = copy(sqlite("first.db"), place_.settings(), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "bad-request");
  EXPECT_EQ(dump(place_.settings()), before);
}

TEST_F(PostgresCopy, notices_a_target_that_changes_what_it_gets) {
  fill(sqlite("first.db"));
  open(place_.settings());
  leave_directory();
  place_.sql("CREATE FUNCTION gatehouse.twist() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.detail = NEW.detail || '.';"
             " RETURN NEW; END $$; CREATE TRIGGER twist BEFORE INSERT ON gatehouse.audit FOR EACH ROW EXECUTE FUNCTION gatehouse.twist()");
  const auto copied = copy(sqlite("first.db"), place_.settings(), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "copy-differs");
  EXPECT_EQ(place_.sql("SELECT count(*) FROM gatehouse.users")[0][0].as<int>(), 0);
}

TEST_F(PostgresCopy, refuses_while_a_daemon_works_on_either) {
  fill(sqlite("first.db"));
  {
    const auto directory = StateDirectory::open(temporary_.file("state"));
    ASSERT_TRUE(directory);
    const auto copied = copy(sqlite("first.db"), place_.settings(), clock_);
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().slug, "state-in-use");
  }
  const auto store = open(place_.settings());
  leave_directory();
  const auto copied = copy(sqlite("first.db"), place_.settings(), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "state-in-use");
  EXPECT_NE(copied.error().message.find(place_.database()), std::string::npos);
}

TEST_F(PostgresCopy, does_not_make_the_file_that_it_should_copy_from) {
  const auto copied = copy(sqlite("missing.db"), place_.settings(), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "not-found");
  EXPECT_FALSE(std::filesystem::exists(temporary_.file("missing.db")));
}

TEST_F(PostgresCopy, refuses_to_copy_onto_itself) {
  fill(sqlite("first.db"));
  const auto copied = copy(sqlite("first.db"), sqlite("first.db"), clock_);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().slug, "same-database");
}

// A table or column that is missing in tables() would be lost.
TEST_F(PostgresCopy, knows_every_table_and_column_of_both_schemas) {
  std::multiset<std::string> copied;
  for (const Table& table : tables()) {
    std::string columns = std::string(table.columns) + ",";
    for (std::size_t end; (end = columns.find(',')) != std::string::npos; columns.erase(0, end + 1)) {
      copied.insert(std::string(table.name) + "." + columns.substr(columns.find_first_not_of(' '), end - columns.find_first_not_of(' ')));
    }
  }
  open(place_.settings());
  std::multiset<std::string> postgres;
  for (const auto& row : place_.sql("SELECT table_name || '.' || column_name FROM information_schema.columns"
                                    " WHERE table_schema = 'gatehouse' AND table_name <> 'schema_migrations'")) {
    postgres.insert(row[0].as<std::string>());
  }
  EXPECT_EQ(postgres, copied);
  open(sqlite("first.db"));
  std::multiset<std::string> lite;
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(temporary_.file("first.db").c_str(), &db), SQLITE_OK);
  const auto add = [](void* out, int, char** values, char**) {
    static_cast<std::multiset<std::string>*>(out)->insert(values[0]);
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'"
                             " AND m.name NOT IN ('schema_migrations', 'sqlite_sequence')", add, &lite, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_EQ(lite, copied);
}

}  // namespace
}  // namespace gatehouse::state
