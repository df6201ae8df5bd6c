// A peer that answers each connection with the next prepared bytes and keeps what it was sent. It listens on an abstract
// Unix socket that the kernel names, on a thread of its own.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::client {

class FakeServer {
 public:
  // With `silent`, connections beyond the answers are accepted and never answered.
  explicit FakeServer(std::vector<std::string> answers, bool silent = false)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), answers_(std::move(answers)), silent_(silent) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t));
    ::listen(listener_.get(), 16);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() { stop(); }

  std::string name() const {
    sockaddr_un address{};
    socklen_t length = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    std::string text(address.sun_path, length - offsetof(sockaddr_un, sun_path));
    text[0] = '@';
    return text;
  }

  // Ends the thread; the requests that came, whole.
  const std::vector<std::string>& stop() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    return requests_;
  }

 private:
  void serve() {
    std::vector<UniqueFd> held;
    for (std::size_t i = 0; i < answers_.size() || silent_; ++i) {
      UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) return;
      requests_.push_back(read_request(peer.get()));
      if (i < answers_.size()) {
        ::send(peer.get(), answers_[i].data(), answers_[i].size(), MSG_NOSIGNAL);
      } else {
        held.push_back(std::move(peer));
      }
    }
  }

  static std::string read_request(int fd) {
    std::string text;
    char buffer[4096];
    while (!is_complete(text)) {
      const ssize_t size = ::read(fd, buffer, sizeof buffer);
      if (size <= 0) break;
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }

  static bool is_complete(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos) return false;
    std::size_t length = 0;
    const std::size_t field = text.find("Content-Length: ");
    if (field < end) std::from_chars(text.data() + field + 16, text.data() + end, length);
    return text.size() >= end + 4 + length;
  }

  UniqueFd listener_;
  std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  bool silent_;
  std::thread thread_;
};

inline std::string http_answer(int status, std::string_view type, std::string_view body, std::string_view extra = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(extra) + "\r\n" + std::string(body);
}

inline std::string body_of(std::string_view request) { return std::string(request.substr(request.find("\r\n\r\n") + 4)); }

}  // namespace gatehouse::client
