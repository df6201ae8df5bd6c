#include "gatehouse/mcp/gateway.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "dispatch.h"
#include "gatehouse/base/log.h"

namespace gatehouse::mcp {

namespace {

constexpr std::chrono::seconds kSweep{5};
constexpr std::chrono::milliseconds kLastWords{500};  // before the end of a drain

Observer& no_observer() {
  static Observer nobody;
  return nobody;
}

}  // namespace

struct Gateway::State {
  State(Settings settings, Ports p)
      : ports(std::move(p)),
        shared(std::make_shared<Shared>(ports.random == nullptr ? runtime::system_random() : *ports.random,
                                        ports.observer == nullptr ? no_observer() : *ports.observer)),
        lanes(make_lanes()),
        dispatch(shared, lanes, ports.http) {
    config = make_config(std::move(settings), ports.route_hosts, nullptr);
    for (const auto& lane : lanes) lane->set_config(config);
  }

  std::vector<std::shared_ptr<Lane>> make_lanes() {
    std::vector<std::shared_ptr<Lane>> all;
    for (runtime::Loop* loop : ports.loops) all.push_back(std::make_shared<Lane>(*loop, shared));
    return all;
  }

  void end(const std::vector<std::shared_ptr<Session>>& sessions, const char* reason) {
    for (const auto& session : sessions) finish_session(lanes, ports.http, nullptr, *session, reason);
  }

  Ports ports;
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<Lane>> lanes;
  Dispatch dispatch;
  mutable std::mutex mutex;               // of config
  std::shared_ptr<const Config> config;
};

void finish_session(const std::vector<std::shared_ptr<Lane>>& lanes, HttpPort* http, const runtime::Loop* from,
                    const Session& session, const char* reason) {
  const SessionFacts& facts = session.facts;
  const auto& lane = lanes[facts.lane];
  std::function<void(Lane&)> work;
  if (!facts.server->http())
    work = [key = facts.child, reason](Lane& own) { own.children().stop(key, reason); };
  else if (http != nullptr)
    work = [http, server = facts.server, id = facts.server_session](Lane& own) { own.delete_server_session(*http, server, id); };
  else
    return;
  if (from != nullptr) return lane->run_on(*from, std::move(work));
  lane->post(std::move(work));
}

Gateway::Gateway(Settings settings, Ports ports) : state_(std::make_unique<State>(std::move(settings), std::move(ports))) {
  state_->lanes.front()->post([lanes = std::vector<std::weak_ptr<Lane>>(state_->lanes.begin(), state_->lanes.end()),
                               http = state_->ports.http](Lane& own) {
    own.sweep_every(kSweep, [lanes, http](const std::vector<std::shared_ptr<Session>>& expired) {
      std::vector<std::shared_ptr<Lane>> alive;
      for (const auto& lane : lanes)
        if (auto locked = lane.lock()) alive.push_back(std::move(locked));
      if (alive.size() != lanes.size()) return;
      for (const auto& session : expired) finish_session(alive, http, nullptr, *session, "idle");
    });
  });
}

Gateway::~Gateway() = default;

http::Handler& Gateway::handler() { return state_->dispatch; }

void Gateway::reload(Settings settings, std::vector<std::string> route_hosts) {
  std::shared_ptr<const Config> next;
  {
    const std::lock_guard lock(state_->mutex);
    next = make_config(std::move(settings), std::move(route_hosts), state_->config.get());
    state_->config = next;
  }
  for (const auto& lane : state_->lanes)
    lane->post([next](Lane& own) {
      own.set_config(next);
      own.children().stop_shared_unless([&](const stdio::Server& server, const stdio::Owner&) {
        const auto found = next->servers.find(server.settings.name);
        return found != next->servers.end() && found->second->child.get() == &server;
      });
    });
  const auto stale = [&](const Session& session) { return next->find(session.facts.endpoint).server != session.facts.server; };
  state_->end(state_->shared->directory.close_if(stale), "reconfigured");
}

void Gateway::drain(std::chrono::milliseconds limit) {
  state_->shared->draining.store(true, std::memory_order_relaxed);
  for (const auto& lane : state_->lanes)
    lane->post([delay = limit - std::min(kLastWords, limit / 4)](Lane& own) {
      own.children().drain();
      own.end_exchanges_after(delay, draining_refusal());
    });
}

void Gateway::end_unless(std::function<bool(const Caller&)> keep) {
  for (const auto& lane : state_->lanes) lane->post([keep, http = state_->ports.http](Lane& own) { own.end_unless(keep, http); });
}

std::vector<ServerStatus> Gateway::status() const {
  std::shared_ptr<const Config> config;
  {
    const std::lock_guard lock(state_->mutex);
    config = state_->config;
  }
  const auto sessions = state_->shared->directory.count_by_server();
  std::vector<ServerStatus> all;
  for (const auto& [name, server] : config->servers) {
    ServerStatus status{name, server->http() ? "http" : "stdio", "idle", 0, server->state->processes(), server->state->last_error(), 0};
    status.calls = server->state->calls.load(std::memory_order_relaxed);
    if (const auto found = sessions.find(name); found != sessions.end()) status.sessions = found->second;
    if (status.sessions + status.processes > 0) status.state = "running";
    if (!status.last_error.empty()) status.state = "failing";
    all.push_back(std::move(status));
  }
  return all;
}

std::uint64_t Gateway::session_count() const { return state_->shared->directory.size(); }

}  // namespace gatehouse::mcp
