// What happens to the store when its server, or the way to it, does not do what it should.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "fakes/tcp_proxy.h"
#include "gatehouse/runtime/clock.h"
#include "postgres_database.h"
#include "postgres_harness.h"
#include "sql_store.h"
#include "store_contract.h"

// libpqxx 6.4 loses the memory of a result (2 KB) when the connection breaks in the middle of a statement: make_result()
// throws before anybody owns it.
extern "C" const char* __lsan_default_suppressions() { return "leak:pqxx::connection_base::exec\n"; }

namespace gatehouse::state {
namespace {

using fakes::TcpProxy;
using namespace std::chrono_literals;

constexpr const char* kCommit = "COMMIT";

PoolLimits quick() {
  return {.connections = 2, .wait = 100ms, .pause = 0ms, .ask = 3s, .connection = {.connect = 2s, .statement = 1'000ms}};
}

// A store with short deadlines, on the real clock.
class PostgresFailure : public ::testing::Test {
 protected:
  void open(int port, const PoolLimits& limits = quick()) {
    const Settings settings = place_.single(port);
    const auto address = postgres_address(settings.database_url, settings.postgres);
    ASSERT_TRUE(address);
    auto database = PostgresDatabase::open({*address, *address}, limits, runtime::system_clock());
    ASSERT_TRUE(database) << database.error().message;
    database_ = database->get();
    store_ = std::make_unique<SqlStore>(*std::move(database), runtime::system_clock());
  }
  // Through a proxy that asks `decide` about everything that clients send once `armed_` is set.
  void open_behind(TcpProxy::Decide decide, const PoolLimits& limits = quick()) {
    proxy_ = std::make_unique<TcpProxy>(server().port(), [this, decide = std::move(decide)](std::string_view bytes) {
      return armed_ ? decide(bytes) : TcpProxy::Do::kPass;
    });
    open(proxy_->port(), limits);
  }
  static fakes::PostgresServer& server() { return PostgresPlace::server(); }
  int rows(const std::string& table) { return place_.sql("SELECT count(*) FROM gatehouse." + table)[0][0].as<int>(); }
  Store& store() { return *store_; }

  PostgresPlace place_;
  std::atomic<bool> armed_{false};
  std::unique_ptr<TcpProxy> proxy_;
  Database* database_ = nullptr;
  std::unique_ptr<Store> store_;
};

// Does `what` with the first message that holds `word`, and passes the others.
TcpProxy::Decide once(const char* word, TcpProxy::Do what) {
  return [word, what, done = std::make_shared<std::atomic<bool>>(false)](std::string_view bytes) {
    if (bytes.find(word) == std::string_view::npos || done->exchange(true)) return TcpProxy::Do::kPass;
    return what;
  };
}

TEST_F(PostgresFailure, connects_again_after_the_server_was_killed_between_operations) {
  open(server().port());
  ASSERT_TRUE(store().add_user(some_user("before"), change()));
  server().kill();
  server().start();
  EXPECT_TRUE(store().user_named("before"));
  server().kill();
  server().start();
  const auto added = store().add_user(some_user("after"), change());
  EXPECT_TRUE(added) << added.error().message;
  EXPECT_EQ(rows("users"), 2);
  EXPECT_EQ(rows("audit"), 2);
}

TEST_F(PostgresFailure, says_unreachable_while_the_server_is_gone_and_works_when_it_is_back) {
  open(server().port());
  ASSERT_TRUE(store().ping());
  server().kill();
  const Status pinged = store().ping();
  const auto added = store().add_user(some_user("bob"), change());
  server().start();
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().slug, "database-unreachable");
  EXPECT_NE(pinged.error().help.find("start the server"), std::string::npos) << pinged.error().message;
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().slug, "database-unreachable");
  EXPECT_TRUE(store().ping());
  EXPECT_TRUE(store().add_user(some_user("bob"), change()));
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, does_a_change_once_that_was_cut_off_in_the_middle) {
  open_behind(once("INSERT INTO audit", TcpProxy::Do::kCut));
  armed_ = true;
  const auto added = store().add_user(some_user("bob"), change());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(rows("users"), 1);
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, does_a_change_once_when_the_server_is_killed_in_its_transaction) {
  std::promise<void> inside;
  std::promise<void> restarted;
  open_behind([&](std::string_view bytes) {
    if (bytes.find("INSERT INTO audit") == std::string_view::npos) return TcpProxy::Do::kPass;
    armed_ = false;
    inside.set_value();
    restarted.get_future().wait();
    return TcpProxy::Do::kPass;
  });
  armed_ = true;
  auto added = std::async(std::launch::async, [this] { return store().add_user(some_user("bob"), change()); });
  inside.get_future().wait();
  server().kill();
  server().start();
  restarted.set_value();
  const auto id = added.get();
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(rows("users"), 1);
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, reports_success_when_only_the_answer_to_the_commit_was_lost) {
  open_behind(once(kCommit, TcpProxy::Do::kPassThenCut));
  armed_ = true;
  const auto added = store().add_user(some_user("bob"), change());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(store().user_named("bob")->id, *added);
  EXPECT_EQ(rows("users"), 1);
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, does_a_change_again_whose_commit_did_not_arrive) {
  open_behind(once(kCommit, TcpProxy::Do::kCut));
  armed_ = true;
  const auto added = store().add_user(some_user("bob"), change());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(rows("users"), 1);
  EXPECT_EQ(rows("audit"), 1);
  EXPECT_GT(*added, 1) << "the first attempt was rolled back, and ids are not given twice";
}

// The server does not know that its client is gone, and keeps the transaction open until it loses patience.
TEST_F(PostgresFailure, waits_for_a_transaction_that_the_server_still_holds) {
  open_behind(once(kCommit, TcpProxy::Do::kHangUp));
  armed_ = true;
  const auto added = store().put_setting("name", "value", change());
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(rows("settings"), 1);
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, gives_up_after_three_commits_that_did_not_arrive) {
  open_behind([](std::string_view bytes) {
    return bytes.find(kCommit) == std::string_view::npos ? TcpProxy::Do::kPass : TcpProxy::Do::kCut;
  });
  armed_ = true;
  const auto added = store().add_user(some_user("bob"), change());
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().slug, "database-unreachable");
  EXPECT_EQ(rows("users"), 0);
  EXPECT_EQ(rows("audit"), 0);
}

// Whether it was committed is known to nobody but the server, which cannot be asked any more.
TEST_F(PostgresFailure, says_that_the_outcome_is_unknown_when_nobody_can_be_asked) {
  std::atomic<bool> dead{false};
  PoolLimits limits = quick();
  limits.ask = 300ms;
  open_behind([&dead](std::string_view bytes) {
    if (dead) return TcpProxy::Do::kCut;
    if (bytes.find(kCommit) == std::string_view::npos) return TcpProxy::Do::kPass;
    dead = true;
    return TcpProxy::Do::kPassThenCut;
  }, limits);
  armed_ = true;
  const auto added = store().add_user(some_user("bob"), change());
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().slug, "outcome-unknown");
  EXPECT_EQ(rows("users"), 1);
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, does_what_has_no_audit_row_again_without_asking) {
  open_behind(once(kCommit, TcpProxy::Do::kPassThenCut));
  ASSERT_TRUE(store().put_template({"demo", "", "random", at(1), at(1)}, change()));
  ASSERT_TRUE(store().add_instance(some_instance("i"), change()));
  armed_ = true;
  ASSERT_TRUE(store().record_health("i", "healthy", 0, at(60)));
  EXPECT_EQ(store().instance("i")->last_health_check, at(60));
}

TEST_F(PostgresFailure, does_not_wait_longer_than_its_deadline_for_a_server_that_stands_still) {
  open_behind([](std::string_view) { return TcpProxy::Do::kFreeze; });
  ASSERT_TRUE(store().ping());
  armed_ = true;
  const auto begin = runtime::system_clock().now();
  const Status pinged = store().ping();
  EXPECT_LT(runtime::system_clock().now() - begin, 10s);
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().slug, "database-unreachable");
  armed_ = false;
  EXPECT_TRUE(store().ping());
}

TEST_F(PostgresFailure, says_busy_when_a_statement_takes_too_long) {
  open(server().port());
  ASSERT_TRUE(store().put_setting("name", "value", change()));
  pqxx::connection other("host=127.0.0.1 port=" + std::to_string(server().port()) +
                         " user=house_owner password=owner-pw dbname=" + place_.database());
  pqxx::work holding(other);
  holding.exec("LOCK TABLE gatehouse.settings");
  const Status changed = store().put_setting("name", "other", change());
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().slug, "database-busy");
  holding.abort();
  EXPECT_EQ(**store().setting("name"), "value");
  EXPECT_EQ(rows("audit"), 1);
}

TEST_F(PostgresFailure, says_busy_when_all_connections_are_in_use) {
  open(server().port());
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::atomic<int> holding{0};
  std::vector<std::jthread> holders;
  std::promise<void> both;
  for (int i = 0; i < 2; ++i) {
    holders.emplace_back([&] {
      const Status held = database_->read([&](Session&) {
        if (++holding == 2) both.set_value();
        released.wait();
        return Status();
      });
      EXPECT_TRUE(held);
    });
  }
  both.get_future().wait();
  const Status pinged = store().ping();
  ASSERT_FALSE(pinged);
  EXPECT_EQ(pinged.error().slug, "database-busy");
  EXPECT_NE(pinged.error().help.find("state.postgres.connections"), std::string::npos);
  release.set_value();
  holders.clear();
  EXPECT_TRUE(store().ping());
}

TEST_F(PostgresFailure, tries_again_after_a_deadlock) {
  open(server().port());
  const std::int64_t first = *store().add_user(some_user("first"), change());
  const std::int64_t second = *store().add_user(some_user("second"), change());
  std::mutex mutex;
  std::condition_variable met;
  int waiting = 0;
  std::atomic<int> attempts{0};
  const auto in_order = [&](std::int64_t one, std::int64_t two) {
    return database_->write([&, one, two](Session& session) -> Result<Mark> {
      ++attempts;
      if (auto locked = session.run("UPDATE users SET email = 'x' WHERE id = $1", {one}); !locked) return locked.error();
      {
        std::unique_lock lock(mutex);
        ++waiting;
        met.notify_all();
        met.wait(lock, [&] { return waiting >= 2; });
      }
      auto done = session.run("UPDATE users SET email = 'x' WHERE id = $1", {two});
      return done ? Result<Mark>(Mark{0}) : Result<Mark>(done.error());
    });
  };
  server().set("deadlock_timeout", "10ms");
  std::jthread other([&] { EXPECT_TRUE(in_order(second, first)); });
  EXPECT_TRUE(in_order(first, second));
  other.join();
  EXPECT_GE(attempts.load(), 3);  // whoever tries again may meet the other once more
}

TEST_F(PostgresFailure, fails_at_once_for_a_moment_after_it_could_not_connect) {
  PoolLimits limits = quick();
  limits.pause = 1h;
  std::atomic<int> asked{0};
  open_behind([&asked](std::string_view) {
    ++asked;
    return TcpProxy::Do::kCut;
  }, limits);
  armed_ = true;
  EXPECT_FALSE(store().ping());
  const int after_first = asked;
  EXPECT_FALSE(store().ping());
  EXPECT_EQ(asked, after_first);
}

}  // namespace
}  // namespace gatehouse::state
