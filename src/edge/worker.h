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

// One listening address, shared by the workers; each has its own socket.
struct Listener {
  ListenerSettings settings;
  std::string address;                          // as bound
  std::uint16_t port = 0;
  ListenerMetrics metrics;
  std::atomic<std::uint64_t> connections{0};
};

// What a loop works with; replaced as a whole.
struct LoopSnapshot {
  std::shared_ptr<const Snapshot> shared;
  std::vector<upstream::Pool*> pools;  // by index of the group
};

struct Worker {
  Worker(runtime::Loop& loop, const Ports& ports, EdgeMetrics& metrics);
  ~Worker();

  void adopt(std::shared_ptr<const Snapshot> snapshot);
  void open(std::shared_ptr<Listener> listener, UniqueFd socket);
  void close(const Listener& listener);
  void drain();
  void stop();
  upstream::Pool* pool(const std::shared_ptr<upstream::Group>& group);

  runtime::Loop& loop;
  const Ports& ports;
  EdgeMetrics& metrics;
  metrics::LoopMetrics& counters;
  AccessRing* access_ring = nullptr;
  net::Resolver resolver;
  std::map<const upstream::Group*, std::unique_ptr<upstream::Pool>> pools;
  std::shared_ptr<const LoopSnapshot> snapshot;
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

  struct Acceptor;
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  runtime::TaskGroup sessions;  // last: coroutines die before what they use
};

}  // namespace gatehouse::edge
