// A TCP proxy on 127.0.0.1 that does to its connections what a network does on a bad day. One thread, in a test.
//
//   fakes::TcpProxy proxy(server_port, [](std::string_view from_client) {
//     return contains_commit(from_client) ? fakes::TcpProxy::Do::kPassThenCut : fakes::TcpProxy::Do::kPass;
//   });
//   connect_to(proxy.port());
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::fakes {

class TcpProxy {
 public:
  enum class Do {
    kPass,
    kPassThenCut,  // the server gets it; the client gets no answer, but the end of its connection
    kCut,          // the server does not get it either
    kHangUp,       // the same, but the server does not hear of the end
    kFreeze,       // it goes nowhere, and both connections stay
  };
  using Decide = std::function<Do(std::string_view from_client)>;

  TcpProxy(int server_port, Decide decide) : server_port_(server_port), decide_(std::move(decide)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_.get(), 16);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { run(); });
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;
  ~TcpProxy() {
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof one) < 0) std::abort();
    thread_.join();
  }

  int port() const { return port_; }

 private:
  struct Pair {
    UniqueFd client;
    UniqueFd server;
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void accept() {
    Pair pair{UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
              UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const sockaddr_in address = loopback(server_port_);
    if (::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      pairs_.push_back(std::move(pair));
    }
  }

  static bool pass(int to, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // False: the pair is at its end.
  bool move(Pair& pair, bool from_client) {
    std::array<char, 65536> buffer;
    const int from = from_client ? pair.client.get() : pair.server.get();
    const int to = from_client ? pair.server.get() : pair.client.get();
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (!from_client) return pass(to, bytes);
    switch (decide_(bytes)) {
      case Do::kPass: return pass(to, bytes);
      case Do::kCut: return false;
      case Do::kFreeze: return true;
      case Do::kHangUp: held_.push_back(std::move(pair.server)); return false;
      case Do::kPassThenCut: break;
    }
    // The server has read it when its answer is there.
    pass(to, bytes);
    (void)::recv(to, buffer.data(), buffer.size(), 0);
    return false;
  }

  void run() {
    while (true) {
      std::vector<pollfd> waiting{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const Pair& pair : pairs_) {
        waiting.push_back({pair.client.get(), POLLIN, 0});
        waiting.push_back({pair.server.get(), POLLIN, 0});
      }
      ::poll(waiting.data(), waiting.size(), -1);
      if (waiting[0].revents != 0) return;
      std::size_t i = 2;
      for (auto pair = pairs_.begin(); pair != pairs_.end();) {
        bool alive = waiting[i].revents == 0 || move(*pair, true);
        alive = alive && (waiting[i + 1].revents == 0 || move(*pair, false));
        i += 2;
        pair = alive ? std::next(pair) : pairs_.erase(pair);
      }
      if (waiting[1].revents != 0) accept();
    }
  }

  int server_port_;
  Decide decide_;
  UniqueFd listener_;
  UniqueFd wake_;
  int port_ = 0;
  std::list<Pair> pairs_;
  std::vector<UniqueFd> held_;
  std::thread thread_;
};

}  // namespace gatehouse::fakes
