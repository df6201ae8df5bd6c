#include "gatehouse/upstream/pool.h"

#include <gtest/gtest.h>

#include <map>

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
  void start(std::vector<ServerSettings> servers) {
    GroupSettings settings;
    settings.name = "app";
    settings.servers = std::move(servers);
    pool_ = std::make_unique<Pool>(loop_, std::make_shared<Group>(settings), resolver_);
  }
  std::unique_ptr<Connection> take() {
    auto connection = pool_->take_idle(waiter_);
    if (connection) return connection;
    const auto body = [](Pool& pool, runtime::Waiter& waiter, std::unique_ptr<Connection>* out) -> runtime::Task<void> {
      auto connected = co_await pool.connect(waiter);
      if (connected) *out = std::move(*connected);
    };
    group_.spawn(body(*pool_, waiter_, &connection));
    for (int i = 0; i < 200 && group_.size() > 0; ++i) loop_.run_for_test(1ms);
    return connection;
  }

  runtime::Loop loop_{runtime::system_clock()};
  runtime::OffloadPool offload_{1};
  net::Resolver resolver_{loop_, offload_};
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

}  // namespace
}  // namespace gatehouse::upstream
