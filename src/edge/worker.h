// Worker: what one loop owns: connections, request blocks, pools, id source, counters. Nothing in it is shared with
// another thread, except the counters that say so.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "block.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/http/date.h"
#include "gatehouse/http/request_id.h"
#include "gatehouse/net/listener.h"
#include "snapshot.h"

namespace gatehouse::edge {

class Session;

// Clients must not take the descriptors that their requests need towards upstreams, files and children: half of what the
// process may open, less a reserve, is theirs, over all listeners and loops.
struct DescriptorBudget {
  std::atomic<std::uint64_t> clients{0};
  std::uint64_t most = client_share_of_descriptors();
  bool full() const noexcept { return clients.load(std::memory_order_relaxed) >= most; }

  static std::uint64_t client_share_of_descriptors() noexcept;  // from RLIMIT_NOFILE
};

// One listening address, shared by the workers; each has its own socket.
struct Listener {
  ListenerSettings settings;
  std::string address;                          // as bound
  std::uint16_t port = 0;
  ListenerMetrics metrics;
  // Shared with those that had or get its sockets by a reload.
  std::shared_ptr<std::atomic<std::uint64_t>> connections = std::make_shared<std::atomic<std::uint64_t>>(0);
};

struct ListenerChange {
  std::shared_ptr<Listener> from, to;
};

// What a loop works with; replaced as a whole.
struct LoopSnapshot {
  std::shared_ptr<const Snapshot> shared;
  std::vector<upstream::Pool*> pools;  // by index of the group
  // Declaring a series takes a lock; each reason of each route does so once.
  using RefusalKey = std::pair<const Route*, std::string>;
  struct RefusalLess {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.first != b.first ? std::less<>()(a.first, b.first) : std::string_view(a.second) < std::string_view(b.second);
    }
  };
  mutable std::map<RefusalKey, metrics::CounterId, RefusalLess> refusals;
};

struct Worker {
  Worker(runtime::Loop& loop, const Ports& ports, EdgeMetrics& metrics, DescriptorBudget& budget);
  ~Worker();

  void adopt(std::shared_ptr<const Snapshot> snapshot);
  void open(std::shared_ptr<Listener> listener, UniqueFd socket);
  void change(const Listener& from, const std::shared_ptr<Listener>& to);  // same socket, new settings; null: close it
  void drain();
  void stop();
  std::shared_ptr<const tls::Context> tls_context(const Listener& listener) const;  // null: its listener is gone
  upstream::Pool* pool(const std::shared_ptr<upstream::Group>& group);

  runtime::Loop& loop;
  const Ports& ports;
  EdgeMetrics& metrics;
  DescriptorBudget& budget;
  metrics::LoopMetrics& counters;
  AccessRing* access_ring = nullptr;
  net::Resolver resolver;
  std::map<const upstream::Group*, std::unique_ptr<upstream::Pool>> pools;
  std::shared_ptr<const LoopSnapshot> snapshot;
  std::shared_ptr<const TlsContexts> contexts = std::make_shared<TlsContexts>();
  std::shared_ptr<const Authenticator> authenticator;
  BlockPool blocks;
  http::IdSource ids;
  http::HttpDate date;
  net::ReserveDescriptor reserve;
  Session* first_session = nullptr;
  std::uint64_t session_count = 0;
  std::unordered_map<std::string, std::uint32_t> clients;  // connections per client address
  std::atomic<std::uint64_t> live{0};                      // session_count, for other threads
  bool draining = false;
  runtime::SteadyTime handshake_failure_told{};
  std::uint64_t handshake_failures_untold = 0;

  struct Acceptor;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  runtime::TaskGroup sessions;  // last: coroutines die before what they use
};

}  // namespace gatehouse::edge
