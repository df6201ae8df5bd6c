// A server on the loop of the test that says exactly the bytes that it was told, plain or TLS, and keeps what it was sent.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/net/listener.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::client {

struct Script {
  enum class After { kAccept, kHead, kRequest, kNever };     // when it answers
  enum class End { kClose, kCut, kReset, kHold, kEcho };  // kCut: no close_notify; kHold: goes on reading

  std::string answer{};
  After after = After::kRequest;
  End end = End::kClose;
  std::chrono::milliseconds drip{0};                      // between two bytes of the answer
  std::size_t piece = 64 * 1024;                          // bytes of the answer in one write
  bool deaf = false;                                      // reads nothing behind the head
  std::shared_ptr<const tls::Context> tls{};
};

class RawServer {
 public:
  RawServer(runtime::Loop& loop, Script its_script) : script(std::move(its_script)), loop_(loop) {
    auto listening = net::listen({.host = "127.0.0.1", .port = 0});
    EXPECT_TRUE(listening) << listening.error().message;
    start(*std::move(listening));
  }
  // On an abstract Unix socket that the kernel names.
  struct Unix {};
  RawServer(runtime::Loop& loop, Script its_script, Unix) : script(std::move(its_script)), loop_(loop) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    start(std::move(fd));
  }

  std::uint16_t port() const { return net::local_endpoint(listener_->fd())->port(); }
  std::string path() const {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    ::getsockname(listener_->fd(), reinterpret_cast<sockaddr*>(&address), &size);
    return "@" + std::string(address.sun_path + 1, size - offsetof(sockaddr_un, sun_path) - 1);
  }

  Script script;         // of the next connection
  std::string received;  // of all connections
  int accepted = 0;
  int open = 0;          // connections that it has not left

 private:
  struct Peer {
    Peer(RawServer& owner, UniqueFd fd)
        : server(owner), waiter(owner.loop_), timer(waiter), stream(owner.loop_, std::move(fd), &waiter) {
      ++server.open;
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { --server.open; }

    RawServer& server;
    runtime::Waiter waiter;
    runtime::Timer timer;
    tls::Stream stream;
    std::string said;
  };

  void start(UniqueFd fd) {
    listener_.emplace(loop_, std::move(fd), &waiter_);
    tasks_.spawn(accept(*this));
  }

  static runtime::Task<void> accept(RawServer& server) {
    for (;;) {
      int error = 0;
      while (auto accepted = net::accept_one(server.listener_->fd(), &error)) {
        ++server.accepted;
        server.tasks_.spawn(serve(server, server.script, std::move(accepted->fd)));
      }
      co_await server.waiter_.wait();
    }
  }

  static bool has_head(std::string_view said) { return said.find("\r\n\r\n") != said.npos; }
  static bool has_request(std::string_view said) {
    const std::size_t end = said.find("\r\n\r\n");
    if (end == said.npos) return false;
    if (said.find("Transfer-Encoding: chunked") < end) return said.find("\r\n0\r\n\r\n", end) != said.npos;
    std::size_t length = 0;
    const std::size_t field = said.find("Content-Length: ");
    if (field < end) std::from_chars(said.data() + field + 16, said.data() + end, length);
    return said.size() >= end + 4 + length;
  }

  static bool may_answer(Script::After after, std::string_view said) {
    return after == Script::After::kAccept || (after == Script::After::kHead && has_head(said)) ||
           (after == Script::After::kRequest && has_request(said));
  }

  static runtime::Task<bool> secure(Peer& peer, const tls::Context& context) {
    EXPECT_TRUE(peer.stream.accept_tls(context));
    tls::IoState state;
    while ((state = peer.stream.handshake(nullptr)) == tls::IoState::kWouldBlock) co_await peer.waiter.wait();
    co_return state == tls::IoState::kDone;
  }

  // False: the client has ended, or is gone.
  static runtime::Task<bool> read(Peer& peer, std::string* echo = nullptr) {
    std::string buffer(16 * 1024, '\0');
    tls::IoResult got;
    while ((got = peer.stream.read(buffer)).state == tls::IoState::kWouldBlock) co_await peer.waiter.wait();
    if (got.state != tls::IoState::kDone) co_return false;
    peer.said.append(buffer, 0, got.bytes);
    peer.server.received.append(buffer, 0, got.bytes);
    if (echo != nullptr) echo->assign(buffer, 0, got.bytes);
    co_return true;
  }

  static runtime::Task<bool> write(Peer& peer, std::string bytes, Script script) {
    const std::size_t most = script.drip.count() > 0 ? 1 : script.piece;
    for (std::size_t at = 0; at < bytes.size();) {
      const iovec piece{bytes.data() + at, std::min(most, bytes.size() - at)};
      const tls::IoResult put = peer.stream.write({&piece, 1});
      if (put.state == tls::IoState::kWouldBlock) {
        co_await peer.waiter.wait();
        continue;
      }
      if (put.state != tls::IoState::kDone) co_return false;
      at += put.bytes;
      if (script.drip.count() > 0) peer.timer.arm(script.drip);
      while (script.drip.count() > 0 && !peer.timer.expired()) co_await peer.waiter.wait();
      if (script.piece < 64 * 1024) co_await peer.waiter.yield();
    }
    co_return true;
  }

  static runtime::Task<void> serve(RawServer& server, Script script, UniqueFd fd) {
    Peer peer(server, std::move(fd));
    if (script.after == Script::After::kNever && script.tls == nullptr) {
      for (;;) co_await peer.waiter.wait();
    }
    if (script.tls != nullptr) {
      const bool secured = co_await secure(peer, *script.tls);
      if (!secured) co_return;
    }
    bool more = true;
    while (more && !may_answer(script.after, peer.said)) more = co_await read(peer);
    more = co_await write(peer, script.answer, script);
    if (more) co_await end(peer, script);
  }

  static runtime::Task<void> end(Peer& peer, Script script) {
    bool more = true;
    std::string heard;
    switch (script.end) {
      case Script::End::kEcho:
        while (more) {
          more = co_await read(peer, &heard);
          if (more) more = co_await write(peer, std::exchange(heard, {}), script);
        }
        co_await write(peer, "bye", script);
        peer.stream.shutdown_write();
        co_return;
      case Script::End::kHold:
        while (script.deaf) co_await peer.waiter.wait();
        while (more) more = co_await read(peer);
        co_return;
      case Script::End::kReset: {
        const linger now{1, 0};
        ::setsockopt(peer.stream.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        co_return;
      }
      case Script::End::kClose:
        peer.stream.shutdown_write();
        co_return;
      case Script::End::kCut:
        co_return;
    }
  }

  runtime::Loop& loop_;
  runtime::Waiter waiter_{loop_};
  std::optional<runtime::Descriptor> listener_;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::client
