// Lane: the part of the gateway on one loop. It owns the children that run there and takes their messages from exchanges,
// which may be on other loops: run_on() posts, everything else happens on the lane's loop.
//
// Owner: Gateway. Stop: the destructor kills and reaps its children.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "child.h"
#include "config.h"
#include "gatehouse/mcp/http_port.h"
#include "sessions.h"

namespace gatehouse::mcp {

// What all lanes share; thread-safe by itself.
struct Shared {
  Shared(runtime::Random& r, Observer& o) : random(r), observer(o), directory(r) {}
  runtime::Random& random;
  Observer& observer;
  Directory directory;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> last_key{0};     // of children and groups
  std::uint64_t new_key() noexcept { return last_key.fetch_add(1, std::memory_order_relaxed) + 1; }
};

class Lane : public std::enable_shared_from_this<Lane> {
 public:
  Lane(runtime::Loop& loop, std::shared_ptr<Shared> shared) : loop_(loop), shared_(std::move(shared)) {}
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  runtime::Loop& loop() const noexcept { return loop_; }
  Shared& shared() const noexcept { return *shared_; }

  // Runs `work` on this lane's loop: now when `from` is that loop, else posted. It does not run when the lane is gone.
  void run_on(const runtime::Loop& from, std::function<void(Lane&)> work);

  void post(std::function<void(Lane&)> work);                // always posted; from any thread

  // On the lane's loop.
  using OnExpired = std::function<void(const std::vector<std::shared_ptr<Session>>&)>;
  void sweep_every(std::chrono::seconds interval, OnExpired on_expired);
  void delete_server_session(HttpPort& http, std::shared_ptr<const Server> server, std::string server_session);
  void set_config(std::shared_ptr<const Config> config) { config_ = std::move(config); }
  const std::shared_ptr<const Config>& config() const noexcept { return config_; }
  void start_session(std::uint64_t key, const std::shared_ptr<const Server>& server, std::shared_ptr<const Submission> first);
  void bind(std::uint64_t key, const std::string& session);  // closes the session when the child is gone already
  void submit(std::uint64_t key, const std::shared_ptr<const Submission>& submission);
  void submit_shared(const std::shared_ptr<const Server>& server, const std::string& principal,
                     const std::shared_ptr<const Submission>& submission);
  void listen(std::uint64_t key, std::uint64_t group, std::shared_ptr<Inbox> inbox);
  void release(std::uint64_t group, bool cancel);
  void resume(std::uint64_t group);
  void stop_child(std::uint64_t key, const char* reason);
  void stop_stale(const Config& config);                     // shared children of servers that changed
  void drain();

 private:
  using SharedKey = std::pair<const Server*, std::string>;   // server, principal

  Child* find(std::uint64_t key) const;
  Child* start(std::uint64_t key, const std::shared_ptr<const Server>& server, Era era, const Submission* first);
  static runtime::Task<void> supervise(Lane& lane, std::uint64_t key, std::unique_ptr<Child> child);
  static runtime::Task<void> sweep(Lane& lane, std::chrono::seconds interval, OnExpired on_expired);
  static runtime::Task<void> tell_server(Lane& lane, HttpPort& http, std::shared_ptr<const Server> server, std::string server_session);
  void ended(std::uint64_t key, const Child& child);

  runtime::Loop& loop_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<const Config> config_;
  std::unordered_map<std::uint64_t, Child*> children_;
  std::map<SharedKey, std::uint64_t> shared_children_;
  std::unordered_map<std::uint64_t, std::uint64_t> groups_;  // group → child
  runtime::TaskGroup tasks_;
};

// Makes an inbox for an exchange on `reader`, fed by children of `lane`.
std::shared_ptr<Inbox> make_inbox(const std::shared_ptr<Lane>& lane, runtime::Loop& reader, std::uint64_t group, std::size_t limit);

}  // namespace gatehouse::mcp
