// Lane: the part of the gateway on one loop. It owns the children that run there and takes work from exchanges, which may be
// on other loops: run_on() posts, everything else happens on the lane's loop.
//
// Owner: Gateway. Stop: the destructor kills and reaps its children.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config.h"
#include "gatehouse/mcp/gateway.h"
#include "gatehouse/mcp/http_port.h"
#include "gatehouse/stdio/children.h"
#include "open_exchange.h"
#include "sessions.h"

namespace gatehouse::mcp {

// What all lanes share; thread-safe by itself.
struct Shared {
  Shared(runtime::Random& r, Observer& o) : random(r), observer(o), directory(r) {}
  runtime::Random& random;
  Observer& observer;
  Directory directory;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> last_key{0};     // of exchanges; a child has the key of the exchange that started it
  std::uint64_t new_key() noexcept { return last_key.fetch_add(1, std::memory_order_relaxed) + 1; }
};

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  Lane(runtime::Loop& loop, std::shared_ptr<Shared> shared);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs `work` on this lane's loop: now when `from` is that loop, else posted. It does not run when the lane is gone.
  void run_on(const runtime::Loop& from, std::function<void(Lane&)> work);

  void post(std::function<void(Lane&)> work);                // always posted; from any thread

  // On the lane's loop.
  using OnExpired = std::function<void(const std::vector<std::shared_ptr<Session>>&)>;
  void sweep_every(std::chrono::seconds interval, OnExpired on_expired);
  void delete_server_session(HttpPort& http, std::shared_ptr<const Server> server, std::string server_session);
  void end_unless(const std::function<bool(const Caller&)>& keep, HttpPort* http);   // as Gateway's, for this lane
  void end_exchanges_after(runtime::Duration delay, jsonrpc::Refusal why);
  void set_config(std::shared_ptr<const Config> config);
  const std::shared_ptr<const Config>& config() const noexcept { return config_; }
  bool is_on(const runtime::Loop& loop) const noexcept { return &loop == &loop_; }
  stdio::Children& children() noexcept { return children_; }
  const std::shared_ptr<OpenExchanges>& exchanges() const noexcept { return exchanges_; }

 private:
  static runtime::Task<void> sweep(Lane& lane, std::chrono::seconds interval, OnExpired on_expired);
  static runtime::Task<void> end_exchanges(Lane& lane, runtime::Duration delay, jsonrpc::Refusal why);
  static runtime::Task<void> tell_server(Lane& lane, HttpPort& http, std::shared_ptr<const Server> server, std::string server_session);

  runtime::Loop& loop_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<const Config> config_;
  std::shared_ptr<OpenExchanges> exchanges_ = std::make_shared<OpenExchanges>();
  stdio::Children children_;
  runtime::TaskGroup tasks_;
};

// Makes an inbox for an exchange on `reader`, fed by children of `lane`.
std::shared_ptr<stdio::Inbox> make_inbox(const std::shared_ptr<Lane>& lane, runtime::Loop& reader, std::uint64_t group, std::size_t limit);

}  // namespace gatehouse::mcp
