#include "gatehouse/upstream/pool.h"

#include <gtest/gtest.h>

#include <map>

#include "fakes/manual_clock.h"
#include "gatehouse/net/connect.h"
#include "gatehouse/net/listener.h"

namespace gatehouse::upstream {
namespace {

using namespace std::chrono_literals;

// Servers that only accept: the pool never looks at what they say.
class PoolTest : public ::testing::Test {
 protected:
  ServerSettings server(std::uint32_t weight, bool backup = false) {
    auto socket = net::listen({.host = "127.0.0.1", .port = 0});
    EXPECT_TRUE(socket.ok());
    const auto bound = net::local_endpoint(socket->get());
    sockets_.push_back(std::move(*socket));
    return {.address = {.host = "127.0.0.1", .port = bound->port()}, .weight = weight, .backup = backup};
  }
  ServerSettings dead_server(std::uint32_t weight) {
    const ServerSettings settings = server(weight);
    sockets_.pop_back();
    return settings;
  }
  void start(std::vector<ServerSettings> servers, std::uint32_t max_connections = 1024) {
    GroupSettings settings;
    settings.name = "app";
    settings.servers = std::move(servers);
    settings.max_connections = max_connections;
    pool_ = std::make_unique<Pool>(loop_, std::make_shared<Group>(settings), resolver_);
  }
  std::unique_ptr<Connection> take() {
    auto [connection, server] = pool_->take_idle(waiter_);
    if (connection) return std::move(connection);
    const auto body = [](Pool& pool, Server& first, runtime::Waiter& waiter,
                         std::unique_ptr<Connection>* out) -> runtime::Task<void> {
      auto connected = co_await pool.connect(first, waiter);
      if (connected) *out = std::move(*connected);
    };
    group_.spawn(body(*pool_, *server, waiter_, &connection));
    for (int i = 0; i < 200 && group_.size() > 0; ++i) loop_.run_for_test(1ms);
    return std::move(connection);
  }

  runtime::Loop loop_{runtime::system_clock()};
  runtime::OffloadPool offload_{1};
  std::vector<net::Endpoint> addresses_;  // of every name
  net::Resolver resolver_{loop_, offload_, [this](const net::Address&) { return Result<net::Endpoints>(addresses_); }};
  std::vector<UniqueFd> sockets_;
  runtime::Waiter waiter_{loop_};
  std::unique_ptr<Pool> pool_;
  runtime::TaskGroup group_;
};

TEST_F(PoolTest, EqualServersShareTheRequestsAndReuseTheirConnections) {
  start({server(1), server(1)});
  std::map<std::string, int> served;
  int fresh = 0;
  for (int i = 0; i < 100; ++i) {
    auto connection = take();
    ASSERT_TRUE(connection);
    if (connection->requests == 0) ++fresh;
    ++served[connection->server().name];
    pool_->give_back(std::move(connection));
  }
  EXPECT_EQ(fresh, 2);
  ASSERT_EQ(served.size(), 2u);
  EXPECT_EQ(served.begin()->second, 50);
}

TEST_F(PoolTest, ADeadServerOfGreatWeightDoesNotHideTheOther) {
  start({dead_server(9), server(1)});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(take());
}

TEST_F(PoolTest, BackupsServeOnlyWhenNobodyElseDoes) {
  const ServerSettings first = server(1);
  start({server(1, true), first});
  for (int i = 0; i < 5; ++i) {
    auto connection = take();
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->server().name, first.address.to_string());
  }
  start({server(1, true), dead_server(1)});
  EXPECT_TRUE(take());
}

TEST_F(PoolTest, ANameWithADeadAddressIsStillReached) {
  const ServerSettings dead = dead_server(1), live = server(1);
  addresses_ = {*net::to_endpoint(dead.address), *net::to_endpoint(live.address)};
  start({{.address = {.host = "app.test", .port = 80}}});
  EXPECT_TRUE(take());
}

TEST_F(PoolTest, IdleConnectionsDoNotUseUpTheLimit) {
  auto group = std::make_shared<Group>(GroupSettings{.name = "app", .servers = {server(1)}, .max_connections = 1});
  auto other = std::make_unique<Pool>(loop_, group, resolver_);
  pool_ = std::make_unique<Pool>(loop_, group, resolver_);
  auto connection = take();
  ASSERT_TRUE(connection);
  EXPECT_FALSE(take());  // one is busy
  pool_->give_back(std::move(connection));
  std::swap(pool_, other);
  EXPECT_TRUE(take());  // the other loop's pool: its server has one idle connection, and no busy one
}

TEST_F(PoolTest, ARetiredPoolKeepsNothing) {
  start({server(1)});
  auto first = take(), second = take();
  ASSERT_TRUE(first && second);
  pool_->give_back(std::move(first));
  EXPECT_EQ(pool_->idle(), 1u);
  pool_->set_retired(true);
  EXPECT_EQ(pool_->idle(), 0u);
  pool_->give_back(std::move(second));
  EXPECT_EQ(pool_->idle(), 0u);
  EXPECT_EQ(pool_->group().servers().front()->connections.load(), 0u);
}

TEST_F(PoolTest, IdleConnectionsEndAtTheirTimeout) {
  auto group = std::make_shared<Group>(GroupSettings{.name = "app", .servers = {server(1)}, .idle_timeout = 1s});
  fakes::ManualClock clock;
  runtime::Loop loop(clock);
  net::Resolver resolver(loop, offload_);
  Pool pool(loop, group, resolver);
  runtime::Waiter waiter(loop);
  loop.run_for_test(1ms);  // the sweeper sleeps: there is nothing to sweep
  Server& only = *group->servers().front();
  Error error;
  pool.give_back(std::make_unique<Connection>(loop, net::start_connect(*net::to_endpoint(only.settings.address), &error), &waiter, group, only));
  EXPECT_EQ(pool.idle(), 1u);
  clock.advance(4s);
  loop.run_for_test(1ms);
  clock.advance(4s);
  loop.run_for_test(1ms);
  EXPECT_EQ(pool.idle(), 0u);
}

}  // namespace
}  // namespace gatehouse::upstream
