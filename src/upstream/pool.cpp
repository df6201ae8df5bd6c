#include "gatehouse/upstream/pool.h"

#include "gatehouse/net/connect.h"

namespace gatehouse::upstream {

namespace {

constexpr std::chrono::seconds kSweepInterval{5};
constexpr std::string_view kClientGone = "client-gone";

}  // namespace

Group::Group(GroupSettings settings) : settings_(std::move(settings)) {
  for (const ServerSettings& server : settings_.servers) servers_.push_back(std::make_unique<Server>(server, servers_.size()));
}

Pool::Pool(runtime::Loop& loop, std::shared_ptr<const Group> group, net::Resolver& resolver)
    : loop_(loop), group_(std::move(group)), resolver_(resolver), sweeper_(loop) {
  for (const auto& server : group_->servers()) {
    Slot slot{server.get(), 0, {}};
    slot.idle.reserve(group_->settings().max_idle);
    slots_.push_back(std::move(slot));
  }
  tasks_.spawn(sweep());
}

// Smooth weighted round robin: everybody gains its weight, the richest serves and pays the sum. Backups stand aside unless
// there is nobody else.
Pool::Slot& Pool::next_slot() noexcept {
  const auto first = std::find_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.server->settings.backup; });
  const bool backups = first == slots_.end();
  Slot* best = backups ? &slots_.front() : &*first;
  if (slots_.size() == 1) return *best;
  std::int64_t total = 0;
  for (Slot& slot : slots_) {
    if (slot.server->settings.backup != backups) continue;
    slot.current_weight += slot.server->settings.weight;
    total += slot.server->settings.weight;
    if (slot.current_weight > best->current_weight) best = &slot;
  }
  best->current_weight -= total;
  return *best;
}

bool Pool::good(const Connection& connection) const noexcept {
  const auto now = loop_.clock().now();
  const GroupSettings& settings = group_->settings();
  return !connection.stream.can_read() && !connection.stream.hangup() &&
         now - connection.idle_since < settings.idle_timeout && now - connection.opened < settings.max_lifetime;
}

Pool::~Pool() {
  drop_idle([](const Connection&) { return true; });
}

std::unique_ptr<Connection> Pool::pop_good(Slot& slot, runtime::Waiter& waiter) {
  while (!slot.idle.empty()) {
    std::unique_ptr<Connection> connection = std::move(slot.idle.back());
    slot.idle.pop_back();
    slot.server->idle.fetch_sub(1, std::memory_order_relaxed);
    if (!good(*connection)) continue;
    connection->stream.set_waiter(&waiter);
    return connection;
  }
  return nullptr;
}

Pool::Taken Pool::take_idle(runtime::Waiter& waiter) {
  Slot& slot = next_slot();
  return {pop_good(slot, waiter), slot.server};
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  const auto slot = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& one) { return one.server == &connection->server(); });
  if (retired_ || slot == slots_.end() || slot->idle.size() >= group_->settings().max_idle) return;
  if (idle() == 0) sweeper_.notify();  // it sleeps for ever while there is nothing to sweep
  ++connection->requests;
  connection->idle_since = loop_.clock().now();
  connection->stream.set_waiter(&sweeper_);
  slot->server->idle.fetch_add(1, std::memory_order_relaxed);
  slot->idle.push_back(std::move(connection));
}

void Pool::set_retired(bool retired) {
  retired_ = retired;
  if (retired) drop_idle([](const Connection&) { return true; });
}

runtime::Task<Result<std::unique_ptr<Connection>>> Pool::connect(Server& first, runtime::Waiter& waiter, const tls::Stream* client) {
  Error last = make_error("upstream-busy", "every server of '" + group_->settings().name + "' has its maximum of connections");
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.server == &first; });
  std::uint32_t failed = 0;
  const std::size_t start = static_cast<std::size_t>(found - slots_.begin());
  for (std::size_t attempt = 0; attempt < 2 * slots_.size(); ++attempt) {
    Slot& slot = slots_[(start + attempt) % slots_.size()];
    if (slot.server->settings.backup != (attempt >= slots_.size())) continue;
    // The caller has just looked at the first server's idle connections, or wants a new one for good reason.
    if (attempt > 0)
      if (auto idle = pop_good(slot, waiter)) {
        idle->failed_before = failed;
        co_return idle;
      }
    if (slot.server->busy() >= group_->settings().max_connections) continue;
    auto connection = co_await connect_to(*slot.server, waiter, client);
    if (connection) (*connection)->failed_before = failed;
    if (connection || connection.error().slug == kClientGone) co_return connection;
    ++failed;
    slot.server->connect_failures.fetch_add(1, std::memory_order_relaxed);
    last = std::move(connection).error();
  }
  co_return std::move(last);
}

// A name may have several addresses, and some of them may be dead.
runtime::Task<Result<std::unique_ptr<Connection>>> Pool::connect_to(Server& server, runtime::Waiter& waiter, const tls::Stream* client) {
  auto endpoints = co_await resolver_.resolve(server.settings.address);
  if (!endpoints) co_return make_error("upstream-connect", endpoints.error().message);
  Error last;
  for (const net::Endpoint& endpoint : *endpoints) {
    auto connection = co_await connect_to(server, endpoint, waiter, client);
    if (connection || connection.error().slug == kClientGone) co_return connection;
    last = std::move(connection).error();
  }
  co_return std::move(last);
}

runtime::Task<Result<std::unique_ptr<Connection>>> Pool::connect_to(Server& server, net::Endpoint endpoint,
                                                                    runtime::Waiter& waiter, const tls::Stream* client) {
  Error error;
  UniqueFd fd = net::start_connect(endpoint, &error);
  if (!fd) co_return make_error("upstream-connect", error.message);
  auto connection = std::make_unique<Connection>(loop_, std::move(fd), &waiter, group_, server);
  runtime::Timer timer(waiter);
  timer.arm(group_->settings().connect_timeout);
  for (;;) {
    const Status connected = net::finish_connect(connection->stream.fd());
    if (connected) co_return connection;
    if (connected.error().slug != "in-progress")
      co_return make_error("upstream-connect", "cannot connect to " + server.name + ": " + connected.error().message);
    if (timer.expired()) co_return make_error("upstream-connect", "connecting to " + server.name + " took too long");
    if (client != nullptr && client->hangup()) co_return make_error(kClientGone, "the client is gone");
    co_await waiter.wait();
  }
}

template <class Bad>
void Pool::drop_idle(Bad bad) {
  for (Slot& slot : slots_) {
    const auto dropped = std::erase_if(slot.idle, [&](const auto& connection) { return bad(*connection); });
    slot.server->idle.fetch_sub(static_cast<std::uint32_t>(dropped), std::memory_order_relaxed);
  }
}

runtime::Task<void> Pool::sweep() {
  runtime::Timer timer(sweeper_);
  for (;;) {
    if (idle() > 0 && !timer.armed()) timer.arm(kSweepInterval);
    co_await sweeper_.wait();
    drop_idle([this](const Connection& connection) { return !good(connection); });
  }
}

std::size_t Pool::idle() const noexcept {
  std::size_t count = 0;
  for (const Slot& slot : slots_) count += slot.idle.size();
  return count;
}

}  // namespace gatehouse::upstream
