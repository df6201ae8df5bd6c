#include "gatehouse/net/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace gatehouse::net {

namespace {

constexpr std::chrono::seconds kKeepAnswer{30};
constexpr std::chrono::seconds kKeepFailure{2};
constexpr std::size_t kMaxNames = 1024;
constexpr std::size_t kMaxEndpoints = 32;  // of one name

Endpoints endpoints_of(const addrinfo* list) {
  Endpoints endpoints;
  for (const addrinfo* entry = list; entry != nullptr && endpoints.size() < kMaxEndpoints; entry = entry->ai_next) {
    if (entry->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Endpoint endpoint;
    std::memcpy(&endpoint.storage, entry->ai_addr, entry->ai_addrlen);
    endpoint.size = entry->ai_addrlen;
    endpoints.push_back(endpoint);
  }
  return endpoints;
}

Result<Endpoints> system_lookup(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list);
  if (error != 0) return make_error("name-not-found", "cannot resolve '" + address.host + "': " + ::gai_strerror(error));
  Endpoints endpoints = endpoints_of(list);
  ::freeaddrinfo(list);
  if (endpoints.empty()) return make_error("name-not-found", "cannot resolve '" + address.host + "': no addresses");
  return endpoints;
}

}  // namespace

struct Resolver::Entry {
  std::optional<Result<Endpoints>> answer;  // none while the look-up runs
  runtime::SteadyTime stale{};
  std::vector<runtime::Waiter*> waiters;

  bool fresh(runtime::SteadyTime now) const { return !answer || now < stale; }
};

struct Resolver::State {
  explicit State(Lookup function) : lookup(std::move(function)) {}

  void make_room(runtime::SteadyTime now) {
    if (entries.size() < kMaxNames) return;
    std::erase_if(entries, [now](const auto& item) { return !item.second->fresh(now); });
    if (entries.size() >= kMaxNames) entries.clear();  // running look-ups still reach their callers
  }

  Lookup lookup;
  std::map<std::string, std::shared_ptr<Entry>> entries;  // by "host:port"
};

namespace {

// A caller's place in the list of those to wake; gone with the caller's frame.
class Place {
 public:
  Place(std::vector<runtime::Waiter*>& waiters, runtime::Waiter& waiter) : waiters_(waiters), waiter_(waiter) {
    waiters_.push_back(&waiter_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { std::erase(waiters_, &waiter_); }

 private:
  std::vector<runtime::Waiter*>& waiters_;
  runtime::Waiter& waiter_;
};

}  // namespace

Resolver::Resolver(runtime::Loop& loop, runtime::OffloadPool& pool) : Resolver(loop, pool, system_lookup) {}

Resolver::Resolver(runtime::Loop& loop, runtime::OffloadPool& pool, Lookup lookup)
    : loop_(loop), pool_(pool), state_(std::make_shared<State>(std::move(lookup))) {}

Resolver::~Resolver() = default;

void Resolver::forget() { state_->entries.clear(); }

runtime::Task<Result<Endpoints>> Resolver::resolve(Address address) {
  auto endpoint = to_endpoint(address);
  if (endpoint) co_return Endpoints{*endpoint};
  if (endpoint.error().slug != "needs-lookup") co_return std::move(endpoint).error();
  const std::shared_ptr<Entry> entry = find_or_start(std::move(address));
  if (entry == nullptr) co_return make_error("resolver-busy", "too many names are being resolved");
  runtime::Waiter waiter(loop_);
  const Place place(entry->waiters, waiter);
  while (!entry->answer) co_await waiter.wait();
  co_return *entry->answer;
}

// The look-up belongs to the entry, not to the caller that started it: that one may leave, others still wait.
std::shared_ptr<Resolver::Entry> Resolver::find_or_start(Address address) {
  const runtime::SteadyTime now = loop_.clock().now();
  const std::string key = address.to_string();
  const auto found = state_->entries.find(key);
  if (found != state_->entries.end() && found->second->fresh(now)) return found->second;
  state_->make_room(now);
  auto entry = std::make_shared<Entry>();
  const bool queued = pool_.submit([state = state_, &loop = loop_, entry, address = std::move(address)] {
    auto answer = std::make_shared<Result<Endpoints>>(state->lookup(address));
    loop.post([&loop, entry, answer] {
      entry->stale = loop.clock().now() + (answer->ok() ? kKeepAnswer : kKeepFailure);
      entry->answer.emplace(std::move(*answer));
      for (runtime::Waiter* const waiter : entry->waiters) waiter->notify();
    });
  });
  if (!queued) return nullptr;
  state_->entries[key] = entry;
  return entry;
}

}  // namespace gatehouse::net
