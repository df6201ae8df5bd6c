#include "worker.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "gatehouse/base/log.h"
#include "observe.h"
#include "session.h"

namespace gatehouse::edge {

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error that will not go away at once
constexpr int kAcceptBatch = 64;

std::array<std::uint8_t, 32> seed(runtime::Random& random) {
  std::array<std::uint8_t, 32> bytes;
  random.fill(bytes);
  return bytes;
}

}  // namespace

struct Worker::Acceptor {
  Acceptor(Worker& w, std::shared_ptr<Listener> l, UniqueFd fd)
      : worker(w), listener(std::move(l)), waiter(w.loop), socket(w.loop, std::move(fd), &waiter) {
    task.spawn(run());
  }

  runtime::Task<void> run() {
    runtime::Timer pause(waiter);
    for (;;) {
      while (!socket.readable() || full()) {
        if (full()) pause.arm(kAcceptPause);
        co_await waiter.wait();
      }
      int error = 0;
      for (int taken = 0; taken < kAcceptBatch && error == 0 && !full(); ++taken) error = accept_one();
      if (error == EAGAIN) {
        socket.clear_readable();
      } else if (error != 0) {
        report(error);
        pause.arm(kAcceptPause);
        while (!pause.expired()) co_await waiter.wait();
      } else {
        co_await waiter.yield();
      }
    }
  }

  // Before the socket is closed: the kernel has accepted these already, and would reset them.
  void take_waiting() {
    while (!full() && accept_one() == 0) {
    }
  }

  bool full() const noexcept {
    return listener->connections->load(std::memory_order_relaxed) >= worker.snapshot->shared->settings.limits.connections ||
           worker.budget.full();
  }

  // 0, or the reason why nothing was taken.
  int accept_one() {
    int error = 0;
    auto accepted = net::accept_one(socket.fd(), &error);
    if (!accepted) {
      if (net::out_of_descriptors(error) && worker.reserve.refuse_one(socket.fd())) count_connection_refused(worker, "out_of_descriptors");
      return error;
    }
    count_accepted(worker, *listener);
    const std::string address = accepted->peer.address_only();
    const auto client = worker.clients.find(address);
    const Snapshot& shared = *worker.snapshot->shared;
    if (client != worker.clients.end() && client->second >= shared.settings.limits.connections_per_client && !shared.trusts(address)) {
      count_connection_refused(worker, "connections_per_client");
      return 0;
    }
    worker.sessions.spawn(serve(worker, listener, std::move(*accepted)));
    return 0;
  }

  void report(int error) {
    const Error reason = system_error("accept", "cannot accept connections", error);
    log::warn("edge", "listener.accept_failed", "cannot accept connections",
              {{"listener", listener->settings.name}, {"error", reason.message}});
  }

  Worker& worker;
  std::shared_ptr<Listener> listener;
  runtime::Waiter waiter;
  runtime::Descriptor socket;
  runtime::TaskGroup task;
};

std::uint64_t DescriptorBudget::client_share_of_descriptors() noexcept {
  constexpr std::uint64_t kReserve = 48;  // listeners, loops, database, log
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
  return std::max<std::uint64_t>(limit.rlim_cur > kReserve ? (limit.rlim_cur - kReserve) / 2 : 0, 1);
}

Worker::Worker(runtime::Loop& l, const Ports& p, EdgeMetrics& m, DescriptorBudget& b)
    : loop(l), ports(p), metrics(m), budget(b), counters(p.metrics->loop(l.index())),
      access_ring(p.access_log != nullptr ? &p.access_log->add_ring() : nullptr), resolver(l, *p.offload), ids(seed(*p.random)) {}

Worker::~Worker() = default;

void Worker::adopt(std::shared_ptr<const Snapshot> shared) {
  auto mine = std::make_shared<LoopSnapshot>();
  for (const auto& group : shared->groups) mine->pools.push_back(pool(group));
  // Pools of groups that are gone stay, because requests under way hold them, but keep no connections.
  for (const auto& [group, pool] : pools)
    pool->set_retired(std::find(mine->pools.begin(), mine->pools.end(), pool.get()) == mine->pools.end());
  mine->shared = std::move(shared);
  snapshot = std::move(mine);
}

std::shared_ptr<const tls::Context> Worker::tls_context(const Listener& listener) const {
  const auto found = contexts->find(listener.settings.name);
  return found != contexts->end() ? found->second : nullptr;
}

upstream::Pool* Worker::pool(const std::shared_ptr<upstream::Group>& group) {
  auto& slot = pools[group.get()];
  if (!slot) slot = std::make_unique<upstream::Pool>(loop, group, resolver);
  return slot.get();
}

void Worker::open(std::shared_ptr<Listener> listener, UniqueFd socket) {
  acceptors.push_back(std::make_unique<Acceptor>(*this, std::move(listener), std::move(socket)));
}

void Worker::change(const Listener& from, const std::shared_ptr<Listener>& to) {
  std::erase_if(acceptors, [&](const auto& acceptor) {
    if (acceptor->listener.get() != &from) return false;
    if (to != nullptr) {
      acceptor->listener = to;
      return false;
    }
    acceptor->take_waiting();
    return true;
  });
}

void Worker::drain() {
  draining = true;
  for (const auto& acceptor : acceptors) acceptor->take_waiting();
  acceptors.clear();
  for (Session* session = first_session; session != nullptr; session = session->next) session->waiter.notify();
}

void Worker::stop() {
  acceptors.clear();
  for (Session* session = first_session; session != nullptr; session = session->next) cut_off(*session);
  sessions.stop();
}

}  // namespace gatehouse::edge
