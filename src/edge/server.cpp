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

bool same_socket(const ListenerSettings& a, const ListenerSettings& b) {
  return a.name == b.name && a.address == b.address && a.tls == b.tls && a.admin == b.admin;
}

bool contains(const std::vector<ListenerSettings>& list, const ListenerSettings& wanted) {
  return std::any_of(list.begin(), list.end(), [&wanted](const auto& one) { return same_socket(one, wanted); });
}

}  // namespace

struct Server::State {
  State(std::vector<runtime::Loop*> l, Ports p) : loops(std::move(l)), ports(std::move(p)), metrics(*ports.metrics) {
    for (runtime::Loop* loop : loops) workers.push_back(std::make_unique<Worker>(*loop, ports, metrics));
  }

  // Runs `work` on every worker's own thread.
  template <class Work>
  void on_each(Work work) {
    for (std::size_t i = 0; i < workers.size(); ++i)
      loops[i]->post([work, worker = workers[i].get(), i]() mutable { work(*worker, i); });
  }

  Result<Opened> open(const ListenerSettings& settings);
  void log_opened(const Opened& opened) const;

  std::vector<runtime::Loop*> loops;
  Ports ports;
  EdgeMetrics metrics;
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

void Server::State::log_opened(const Opened& opened) const {
  const ListenerSettings& settings = opened.listener->settings;
  log::info("edge", "listener.started", "listening",
            {{"listener", settings.name}, {"address", opened.listener->address}, {"tls", settings.tls}});
}

Server::Server(std::vector<runtime::Loop*> loops, Ports ports)
    : state_(std::make_unique<State>(std::move(loops), std::move(ports))) {}

Server::~Server() = default;

Status Server::apply(const Settings& settings, const std::vector<upstream::GroupSettings>& groups) {
  State& s = *state_;
  auto snapshot = build_snapshot(settings, groups, s.ports, s.snapshot.get());
  if (!snapshot) return std::move(snapshot).error();
  std::vector<Opened> opened;
  for (const ListenerSettings& listener : settings.listeners) {
    const bool kept = std::any_of(s.listeners.begin(), s.listeners.end(),
                                  [&](const auto& old) { return same_socket(old->settings, listener); });
    if (kept) continue;
    auto one = s.open(listener);
    if (!one) return std::move(one).error();
    opened.push_back(std::move(*one));
  }

  // From here on nothing fails.
  const std::lock_guard lock(s.mutex);
  s.snapshot = *snapshot;
  s.on_each([shared = *snapshot](Worker& worker, std::size_t) { worker.adopt(shared); });
  for (Opened& one : opened) {
    s.log_opened(one);
    for (std::size_t i = 0; i < s.workers.size(); ++i) {
      auto socket = std::make_shared<UniqueFd>(std::move(one.sockets[i]));  // std::function copies
      s.loops[i]->post([worker = s.workers[i].get(), listener = one.listener, socket] {
        worker->open(listener, std::move(*socket));
      });
    }
    s.listeners.push_back(one.listener);
  }
  std::erase_if(s.listeners, [&](const std::shared_ptr<Listener>& listener) {
    if (contains(settings.listeners, listener->settings)) return false;
    log::info("edge", "listener.stopped", "no longer listening", {{"listener", listener->settings.name}});
    s.on_each([listener](Worker& worker, std::size_t) { worker.close(*listener); });
    return true;
  });
  return {};
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
                    listener->connections.load(std::memory_order_relaxed)});
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
