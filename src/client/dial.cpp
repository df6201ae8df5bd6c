#include "dial.h"

#include <sys/un.h>

#include <cstddef>

#include "gatehouse/net/connect.h"
#include "request_head.h"

namespace gatehouse::client {

namespace {

using StreamPtr = std::unique_ptr<tls::Stream>;

constexpr std::chrono::milliseconds kPatience{250};  // RFC 8305 section 5
constexpr std::string_view kPrefix = "cannot connect: ";

Error unreachable(const std::string& who, std::string_view reason) {
  return make_error("unreachable", "cannot connect to " + who + ": " + std::string(reason));
}

// sun_path begins with a zero byte, and the name has no end but the size.
Result<net::Endpoint> abstract_endpoint(std::string_view name) {
  net::Endpoint endpoint;
  auto& local = reinterpret_cast<sockaddr_un&>(endpoint.storage);
  if (name.size() > sizeof local.sun_path) return make_error("unreachable", "the name of the socket is longer than 108 bytes");
  local.sun_family = AF_UNIX;
  name.substr(1).copy(local.sun_path + 1, name.size() - 1);
  endpoint.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  return endpoint;
}

runtime::Task<Result<net::Endpoints>> look_up(net::Resolver& resolver, net::Address address) {
  if (!address.is_unix || !address.host.starts_with('@')) co_return co_await resolver.resolve(std::move(address));
  auto endpoint = abstract_endpoint(address.host);
  if (!endpoint) co_return std::move(endpoint).error();
  co_return net::Endpoints{*endpoint};
}

// The attempts to reach one peer, each on an address of its own.
class Attempts {
 public:
  Attempts(runtime::Waiter& waiter, net::Endpoints endpoints, std::string who)
      : waiter_(waiter), endpoints_(std::move(endpoints)), who_(std::move(who)) {}

  bool more() const { return next_ < endpoints_.size(); }
  bool under_way() const { return !pending_.empty(); }
  Error error() const { return unreachable(who_, reason_); }

  void start_next() {
    const net::Endpoint& endpoint = endpoints_[next_++];
    Error error;
    UniqueFd fd = net::start_connect(endpoint, &error);
    if (fd) {
      pending_.push_back({std::make_unique<tls::Stream>(waiter_.loop(), std::move(fd), &waiter_), endpoint.to_string()});
    } else {
      note(endpoint.to_string(), error.message.substr(error.message.rfind(": ") + 2));
    }
  }

  StreamPtr take_connected() {
    for (std::size_t i = 0; i < pending_.size();) {
      const Status connected = net::finish_connect(pending_[i].stream->fd());
      if (connected) return std::move(pending_[i].stream);
      if (connected.error().slug == "in-progress") {
        ++i;
        continue;
      }
      std::string_view reason = connected.error().message;
      if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
      note(pending_[i].where, reason);
      pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return nullptr;
  }

 private:
  struct Pending {
    StreamPtr stream;
    std::string where;
  };

  void note(const std::string& where, std::string_view reason) {
    const bool told = where == who_ || where.starts_with("unix:");
    reason_ = told ? std::string(reason) : where + ": " + std::string(reason);
  }

  runtime::Waiter& waiter_;
  net::Endpoints endpoints_;
  std::string who_, reason_;
  std::vector<Pending> pending_;
  std::size_t next_ = 0;
};

runtime::Task<Result<StreamPtr>> connect(runtime::Loop& loop, net::Endpoints endpoints, std::string who) {
  runtime::Waiter waiter(loop);
  runtime::Timer patience(waiter);
  Attempts attempts(waiter, std::move(endpoints), std::move(who));
  for (;;) {
    if (StreamPtr connected = attempts.take_connected()) {
      connected->set_waiter(nullptr);
      co_return connected;
    }
    if (attempts.more() && (!attempts.under_way() || patience.expired())) {
      attempts.start_next();
      patience.arm(kPatience);
    } else if (attempts.under_way()) {
      co_await waiter.wait();
    } else {
      co_return attempts.error();
    }
  }
}

runtime::Task<Status> shake_hands(runtime::Loop& loop, tls::Stream& stream, const Peer& peer) {
  runtime::Waiter waiter(loop);
  stream.set_waiter(&waiter);
  Status started = stream.connect_tls(*peer.tls, peer.server_name.empty() ? peer.address.host : peer.server_name);
  if (!started) co_return make_error("tls-failed", started.error().message);
  Error error;
  tls::IoState state;
  while ((state = stream.handshake(&error)) == tls::IoState::kWouldBlock) co_await waiter.wait();
  stream.set_waiter(nullptr);
  if (state == tls::IoState::kDone) co_return Status();
  co_return std::move(error).context(name_of(peer));
}

}  // namespace

runtime::Task<Result<StreamPtr>> dial(Network network, Peer peer, Deadline& deadline) {
  const std::string who = name_of(peer);
  auto endpoints = co_await look_up(network.resolver, peer.address);
  if (!endpoints) co_return unreachable(who, endpoints.error().message);
  deadline.doing = "connecting";
  auto stream = co_await connect(network.loop, *std::move(endpoints), who);
  if (!stream || peer.tls == nullptr) co_return stream;
  deadline.doing = "in the TLS handshake";
  Status secured = co_await shake_hands(network.loop, **stream, peer);
  if (!secured) co_return std::move(secured).error();
  co_return stream;
}

}  // namespace gatehouse::client
