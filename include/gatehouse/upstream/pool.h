// Upstream groups and the pooled connections of one loop to the servers of one group.
//
//   Group       a group as configured, shared by all loops; counts the connections of each server
//   Connection  one open connection; whoever holds the unique_ptr owns it
//   Pool        the idle connections of one loop, newest first; picks servers by smooth weighted round robin
//
// An idle connection stays registered with the loop: the server's FIN or stray bytes set its bits without a system call,
// and such a connection is dropped instead of used (RFC 9112, section 9.5).
// Owner: Group by shared_ptr (snapshots), Pool by its worker. Thread: Pool and Connection belong to their loop.
// Stop: destroying the Pool closes the idle connections.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/net/resolver.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/tls/stream.h"
#include "gatehouse/upstream/settings.h"

namespace gatehouse::upstream {

struct Server {
  Server(ServerSettings s, std::size_t i) : settings(std::move(s)), index(i), name(settings.address.to_string()) {}
  // Connections that carry a request. Idle ones do not count against max_connections: they can be had by closing them.
  std::uint32_t busy() const noexcept {
    const std::uint32_t all = connections.load(std::memory_order_relaxed), idle_now = idle.load(std::memory_order_relaxed);
    return all - std::min(all, idle_now);
  }

  const ServerSettings settings;
  const std::size_t index;                         // in its group
  const std::string name;                          // "127.0.0.1:9000", for logs and metric labels
  std::atomic<std::uint32_t> connections{0};       // open ones, all loops
  std::atomic<std::uint32_t> idle{0};              // of these, in pools
  std::atomic<std::uint64_t> connect_failures{0};
};

class Group {
 public:
  explicit Group(GroupSettings settings);
  const GroupSettings& settings() const noexcept { return settings_; }
  const std::vector<std::unique_ptr<Server>>& servers() const noexcept { return servers_; }

 private:
  GroupSettings settings_;
  std::vector<std::unique_ptr<Server>> servers_;
};

class Connection {
 public:
  Connection(runtime::Loop& loop, UniqueFd fd, runtime::Waiter* waiter, std::shared_ptr<const Group> group, Server& server)
      : stream(loop, std::move(fd), waiter), opened(loop.clock().now()), group_(std::move(group)), server_(server) {
    server_.connections.fetch_add(1, std::memory_order_relaxed);
  }
  ~Connection() { server_.connections.fetch_sub(1, std::memory_order_relaxed); }
  const Server& server() const noexcept { return server_; }
  Server& server() noexcept { return server_; }

  tls::Stream stream;
  runtime::SteadyTime opened;
  runtime::SteadyTime idle_since{};
  std::uint32_t requests = 0;  // finished on it; > 0 means it was reused
  std::uint32_t failed_before = 0;  // servers that could not be connected to before this one

 private:
  std::shared_ptr<const Group> group_;  // keeps server_ alive
  Server& server_;
};

class Pool {
 public:
  Pool(runtime::Loop& loop, std::shared_ptr<const Group> group, net::Resolver& resolver);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  const Group& group() const noexcept { return *group_; }
  runtime::Loop& loop() const noexcept { return loop_; }

  // The server whose turn it is, and an idle connection to it that is still good, if there is one.
  struct Taken {
    std::unique_ptr<Connection> connection;
    Server* server;
  };
  Taken take_idle(runtime::Waiter& waiter);

  // A connection to `first`, or, when that fails, to the others in turn, backups last; each at most once, within the
  // group's connect timeout each. Slugs: "upstream-connect" (the last server's reason), "upstream-busy" (all at
  // max_connections), "client-gone" when `client`, on whose behalf it is (may be null), closes meanwhile.
  runtime::Task<Result<std::unique_ptr<Connection>>> connect(Server& first, runtime::Waiter& waiter,
                                                             const tls::Stream* client = nullptr);

  // After a complete answer on a connection that may be kept.
  void give_back(std::unique_ptr<Connection> connection);

  // A group that the configuration has no more: nothing is kept idle from now on.
  void set_retired(bool retired);

  std::size_t idle() const noexcept;

 private:
  struct Slot {
    Server* server;
    std::int64_t current_weight = 0;
    std::vector<std::unique_ptr<Connection>> idle;
  };
  Slot& next_slot() noexcept;
  std::unique_ptr<Connection> pop_good(Slot& slot, runtime::Waiter& waiter);
  runtime::Task<Result<std::unique_ptr<Connection>>> connect_to(Server& server, runtime::Waiter& waiter, const tls::Stream* client);
  runtime::Task<Result<std::unique_ptr<Connection>>> connect_to(Server& server, net::Endpoint endpoint, runtime::Waiter& waiter,
                                                                const tls::Stream* client);
  runtime::Task<void> sweep();
  template <class Bad>
  void drop_idle(Bad bad);
  bool good(const Connection& connection) const noexcept;

  runtime::Loop& loop_;
  std::shared_ptr<const Group> group_;
  net::Resolver& resolver_;
  std::vector<Slot> slots_;
  bool retired_ = false;
  runtime::Waiter sweeper_;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::upstream
