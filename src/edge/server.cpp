#include "gatehouse/edge/server.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "gatehouse/base/log.h"
#include "worker.h"

namespace gatehouse::edge {

namespace {

struct Opened {
  std::shared_ptr<Listener> listener;
  std::vector<UniqueFd> sockets;  // one for each worker
};

// A listener that stays at its address keeps its sockets, whatever else changes. Port 0 stays with its name.
bool same_socket(const ListenerSettings& a, const ListenerSettings& b) {
  return a.address == b.address && (a.address.port != 0 || a.address.is_unix || a.name == b.name);
}

}  // namespace

struct Server::State {
  State(std::vector<runtime::Loop*> l, Ports p) : loops(std::move(l)), ports(std::move(p)), metrics(*ports.metrics) {
    for (runtime::Loop* loop : loops) workers.push_back(std::make_unique<Worker>(*loop, ports, metrics, budget));
  }

  // Runs `work` on every worker's own thread.
  template <class Work>
  void on_each(Work work) {
    for (std::size_t i = 0; i < workers.size(); ++i)
      loops[i]->post([work, worker = workers[i].get(), i]() mutable { work(*worker, i); });
  }

  Result<Opened> open(const ListenerSettings& settings);
  std::shared_ptr<Listener> renamed(const std::shared_ptr<Listener>& old, const ListenerSettings& settings);
  std::vector<ListenerChange> changes_to(const std::vector<std::shared_ptr<Listener>>& wanted) const;
  void start(Opened opened);

  std::vector<runtime::Loop*> loops;
  Ports ports;
  EdgeMetrics metrics;
  DescriptorBudget budget;
  std::vector<std::unique_ptr<Worker>> workers;
  // Changed on loop 0 only; status and metrics read them from other threads.
  mutable std::mutex mutex;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::shared_ptr<const Snapshot> snapshot;
};

Result<Opened> Server::State::open(const ListenerSettings& settings) {
  const net::ListenOptions options{.name = settings.name, .backlog = 4096, .unix_mode = 0660};
  auto sockets = net::listen_group(settings.address, static_cast<unsigned>(workers.size()), options);
  if (!sockets) return std::move(sockets).error();
  Opened opened{std::make_shared<Listener>(), std::move(*sockets)};
  opened.listener->settings = settings;
  opened.listener->address = settings.address.to_string();
  opened.listener->metrics = declare_listener_metrics(*ports.metrics, settings.name);
  if (settings.address.is_unix) return opened;
  auto bound = net::local_endpoint(opened.sockets.front().get());
  if (!bound) return std::move(bound).error();
  opened.listener->address = bound->to_string();
  opened.listener->port = bound->port();
  return opened;
}

std::shared_ptr<Listener> Server::State::renamed(const std::shared_ptr<Listener>& old, const ListenerSettings& settings) {
  if (old->settings == settings) return old;
  auto listener = std::make_shared<Listener>();
  listener->settings = settings;
  listener->address = old->address;
  listener->port = old->port;
  listener->connections = old->connections;
  listener->metrics = declare_listener_metrics(*ports.metrics, settings.name);
  return listener;
}

// Which listeners have new settings, and which are gone.
std::vector<ListenerChange> Server::State::changes_to(const std::vector<std::shared_ptr<Listener>>& wanted) const {
  std::vector<ListenerChange> changes;
  for (const std::shared_ptr<Listener>& old : listeners) {
    const auto found = std::find_if(wanted.begin(), wanted.end(), [&](const auto& one) { return same_socket(one->settings, old->settings); });
    if (found == wanted.end()) {
      log::info("edge", "listener.stopped", "no longer listening", {{"listener", old->settings.name}});
      changes.push_back({old, nullptr});
    } else if (*found != old) {
      changes.push_back({old, *found});
    }
  }
  return changes;
}

void Server::State::start(Opened opened) {
  const ListenerSettings& settings = opened.listener->settings;
  log::info("edge", "listener.started", "listening",
            {{"listener", settings.name}, {"address", opened.listener->address}, {"tls", settings.tls}});
  auto sockets = std::make_shared<std::vector<UniqueFd>>(std::move(opened.sockets));  // std::function copies
  on_each([listener = opened.listener, sockets](Worker& worker, std::size_t index) {
    worker.open(listener, std::move((*sockets)[index]));
  });
}

Server::Server(std::vector<runtime::Loop*> loops, Ports ports)
    : state_(std::make_unique<State>(std::move(loops), std::move(ports))) {}

Server::~Server() = default;

Status Server::apply(const Settings& settings, const std::vector<upstream::GroupSettings>& groups, TlsContexts contexts) {
  State& s = *state_;
  for (const ListenerSettings& listener : settings.listeners)
    if (listener.tls && !contexts.contains(listener.name))
      return make_error("no-certificate", "listeners." + listener.name + ": there is no certificate");
  auto snapshot = build_snapshot(settings, groups, s.ports, s.snapshot.get());
  if (!snapshot) return std::move(snapshot).error();
  std::vector<std::shared_ptr<Listener>> listeners;
  std::vector<Opened> opened;
  for (const ListenerSettings& wanted : settings.listeners) {
    const auto old = std::find_if(s.listeners.begin(), s.listeners.end(),
                                  [&](const auto& listener) { return same_socket(listener->settings, wanted); });
    if (old != s.listeners.end()) {
      listeners.push_back(s.renamed(*old, wanted));
      continue;
    }
    auto one = s.open(wanted);
    if (!one) return std::move(one).error();
    listeners.push_back(one->listener);
    opened.push_back(std::move(*one));
  }

  // From here on nothing fails.
  const auto shared_contexts = std::make_shared<const TlsContexts>(std::move(contexts));
  s.on_each([shared = *snapshot, shared_contexts, changes = s.changes_to(listeners)](Worker& worker, std::size_t) {
    worker.adopt(shared);
    worker.contexts = shared_contexts;
    for (const ListenerChange& change : changes) worker.change(*change.from, change.to);
  });
  for (Opened& one : opened) s.start(std::move(one));
  const std::lock_guard lock(s.mutex);
  s.snapshot = *snapshot;
  s.listeners = std::move(listeners);
  return {};
}

void Server::set_tls_contexts(TlsContexts contexts) {
  const auto shared = std::make_shared<const TlsContexts>(std::move(contexts));
  state_->on_each([shared](Worker& worker, std::size_t) { worker.contexts = shared; });
}

void Server::set_authenticators(std::vector<std::shared_ptr<const Authenticator>> by_loop) {
  state_->on_each([by_loop](Worker& worker, std::size_t index) { worker.authenticator = by_loop[index]; });
}

void Server::drain() {
  state_->on_each([](Worker& worker, std::size_t) { worker.drain(); });
  const std::lock_guard lock(state_->mutex);
  state_->listeners.clear();
}

bool Server::drained() const noexcept { return connections() == 0; }

void Server::stop() {
  for (const auto& worker : state_->workers) worker->stop();
}

std::uint64_t Server::connections() const noexcept {
  std::uint64_t count = 0;
  for (const auto& worker : state_->workers) count += worker->live.load(std::memory_order_relaxed);
  return count;
}

std::vector<ListenerStatus> Server::listeners() const {
  std::vector<ListenerStatus> list;
  const std::lock_guard lock(state_->mutex);
  for (const auto& listener : state_->listeners)
    list.push_back({listener->settings.name, listener->address, listener->settings.protocols, listener->settings.tls,
                    listener->connections->load(std::memory_order_relaxed), state_->ports.metrics->value(listener->metrics.errors),
                    state_->ports.metrics->buckets(listener->metrics.duration)});
  return list;
}

std::vector<UpstreamStatus> Server::upstreams() const {
  std::vector<UpstreamStatus> list;
  const std::lock_guard lock(state_->mutex);
  if (!state_->snapshot) return list;
  for (const auto& group : state_->snapshot->groups)
    for (const auto& server : group->servers())
      list.push_back({group->settings().name, server->name, server->connections.load(std::memory_order_relaxed),
                      server->connect_failures.load(std::memory_order_relaxed)});
  return list;
}

upstream::Pool* Server::pool(std::string_view group, unsigned loop) {
  Worker& worker = *state_->workers[loop];
  if (!worker.snapshot) return nullptr;
  for (std::size_t i = 0; i < worker.snapshot->pools.size(); ++i)
    if (worker.snapshot->pools[i]->group().settings().name == group) return worker.snapshot->pools[i];
  return nullptr;
}

}  // namespace gatehouse::edge
