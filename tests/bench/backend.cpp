// The backend of the benchmarks: one thread, epoll, answers every request head with the same small response at once.
// It understands keep-alive and pipelining and nothing else, so that it is never what is measured.
//   bench_backend [BODY_BYTES]        prints the port it listens on
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBufferSize = 16 * 1024;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

struct Connection {
  std::size_t used = 0;
  char buffer[kBufferSize];
};

std::vector<Connection*> connections;  // by descriptor; a closed one is used again
std::string response;

int fail(const char* what) {
  std::perror(what);
  return 1;
}

std::string make_response(std::size_t body_size) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body_size) + "\r\n\r\n" +
         std::string(body_size, 'x');
}

int listen_somewhere() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener, 4096) != 0) return -1;
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

void watch(int poller, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

void accept_all(int poller, int listener) {
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connections.size() <= static_cast<std::size_t>(fd)) connections.resize(static_cast<std::size_t>(fd) + 1);
    Connection*& connection = connections[static_cast<std::size_t>(fd)];
    if (connection == nullptr) connection = new Connection;
    connection->used = 0;
    watch(poller, fd);
  }
}

// One response for each head that is complete; what is left of the next one stays in the buffer.
void answer(int fd, Connection& connection) {
  std::string_view rest(connection.buffer, connection.used);
  std::string out;
  for (std::size_t end = rest.find(kEndOfHead); end != rest.npos; end = rest.find(kEndOfHead)) {
    rest.remove_prefix(end + kEndOfHead.size());
    out += response;
  }
  std::memmove(connection.buffer, rest.data(), rest.size());
  connection.used = rest.size();
  if (!out.empty() && ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) std::perror("send");
}

void read_from(int fd) {
  Connection& connection = *connections[static_cast<std::size_t>(fd)];
  const ssize_t size = ::recv(fd, connection.buffer + connection.used, kBufferSize - connection.used, 0);
  if (size <= 0) {
    ::close(fd);
    return;
  }
  connection.used += static_cast<std::size_t>(size);
  answer(fd, connection);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t body_size = 128;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), body_size);
  response = make_response(body_size);
  const int poller = ::epoll_create1(EPOLL_CLOEXEC);
  const int listener = listen_somewhere();
  if (poller < 0 || listener < 0) return fail("bench_backend");
  watch(poller, listener);
  epoll_event events[256];
  while (true) {
    const int count = ::epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      if (events[i].data.fd == listener) {
        accept_all(poller, listener);
      } else {
        read_from(events[i].data.fd);
      }
    }
  }
}
