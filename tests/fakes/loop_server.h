// A small server on a test's loop: HTTP/1.1 with one request per connection, or a bare TLS handshake; many connections at a time.
//
//   fakes::LoopServer server(loop, port, {.answer = [](const fakes::Asked& asked) { return "HTTP/1.1 200 OK\r\n…"; }});
#pragma once

#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/base/check.h"
#include "gatehouse/net/listener.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::fakes {

struct Asked {
  std::string method, target, body;
};

struct ServerScript {
  std::function<std::shared_ptr<const tls::Context>()> tls{};  // for each connection; null, or gives null: plain
  std::function<std::string(const Asked&)> answer{};           // null: closes after the handshake
};

class LoopServer {
 public:
  LoopServer(runtime::Loop& loop, std::uint16_t port, ServerScript script) : loop_(loop), script_(std::move(script)), waiter_(loop) {
    auto listening = net::listen({.host = "127.0.0.1", .port = port});
    GATEHOUSE_CHECK(listening.ok());
    listener_ = std::make_unique<runtime::Descriptor>(loop, *std::move(listening), &waiter_);
    group_.spawn(accept());
  }
  std::uint16_t port() const { return net::local_endpoint(listener_->fd())->port(); }
  int connections() const noexcept { return connections_; }

 private:
  runtime::Task<void> accept() {
    for (;;) {
      while (!listener_->readable()) co_await waiter_.wait();
      int error = 0;
      auto accepted = net::accept_one(listener_->fd(), &error);
      if (!accepted) {
        listener_->clear_readable();
        continue;
      }
      ++connections_;
      group_.spawn(serve(std::move(accepted->fd)));
    }
  }

  runtime::Task<void> serve(UniqueFd fd) {
    runtime::Waiter waiter(loop_);
    runtime::Timer timer(waiter);
    timer.arm(std::chrono::seconds(20));
    tls::Stream stream(loop_, std::move(fd), &waiter);
    const auto context = script_.tls ? script_.tls() : nullptr;
    if (script_.tls && !context) co_return;
    if (context) {
      if (!stream.accept_tls(*context)) co_return;
      for (;;) {
        const tls::IoState state = stream.handshake(nullptr);
        if (state == tls::IoState::kDone) break;
        if (state != tls::IoState::kWouldBlock || timer.expired()) co_return;
        while (!stream.can_read() && !timer.expired()) co_await waiter.wait();
      }
    }
    if (script_.answer) co_await converse(stream, waiter, timer);
    stream.shutdown_write();
  }

  runtime::Task<void> converse(tls::Stream& stream, runtime::Waiter& waiter, runtime::Timer& timer) {
    std::string text;
    char buffer[8192];
    while (!is_whole(text)) {
      const tls::IoResult got = stream.read(buffer);
      if (got.state == tls::IoState::kDone) text.append(buffer, got.bytes);
      else if (got.state != tls::IoState::kWouldBlock || timer.expired()) co_return;
      else while (!stream.can_read() && !timer.expired()) co_await waiter.wait();
    }
    const std::size_t head = text.find("\r\n\r\n") + 4, space = text.find(' ');
    const std::string answer = script_.answer({text.substr(0, space), text.substr(space + 1, text.find(' ', space + 1) - space - 1), text.substr(head)});
    for (std::size_t sent = 0; sent < answer.size();) {
      const iovec piece{const_cast<char*>(answer.data()) + sent, answer.size() - sent};
      const tls::IoResult put = stream.write({&piece, 1});
      if (put.state == tls::IoState::kDone) sent += put.bytes;
      else if (put.state != tls::IoState::kWouldBlock || timer.expired()) co_return;
      else while (!stream.can_write() && !timer.expired()) co_await waiter.wait();
    }
  }

  static bool is_whole(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos) return false;
    std::size_t length = 0;
    constexpr std::string_view kField = "Content-Length: ";
    const std::size_t field = text.substr(0, end).find(kField);
    if (field != text.npos) std::from_chars(text.data() + field + kField.size(), text.data() + end, length);
    return text.size() >= end + 4 + length;
  }

  runtime::Loop& loop_;
  ServerScript script_;
  runtime::Waiter waiter_;
  std::unique_ptr<runtime::Descriptor> listener_;
  int connections_ = 0;
  runtime::TaskGroup group_;
};

}  // namespace gatehouse::fakes
