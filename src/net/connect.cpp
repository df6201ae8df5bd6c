#include "gatehouse/net/connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace gatehouse::net {

namespace {

void set_option(int fd, int level, int option, int value) noexcept { ::setsockopt(fd, level, option, &value, sizeof value); }

UniqueFd fail(Error* error, const Endpoint& endpoint, int error_number) {
  if (error != nullptr) *error = system_error("connect", "cannot connect to " + endpoint.to_string(), error_number);
  return UniqueFd();
}

}  // namespace

UniqueFd start_connect(const Endpoint& endpoint, Error* error) {
  const int family = endpoint.storage.ss_family;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(error, endpoint, errno);
  if (family != AF_UNIX) {
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set_option(fd.get(), IPPROTO_TCP, TCP_KEEPCNT, 4);
  }
  // An interrupted connect goes on in the background, like EINPROGRESS.
  if (::connect(fd.get(), endpoint.data(), endpoint.size) == 0 || errno == EINPROGRESS || errno == EINTR) return fd;
  return fail(error, endpoint, errno);
}

Status finish_connect(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return system_error("connect", "cannot connect", error);
  Endpoint peer;
  peer.size = sizeof peer.storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) == 0) return {};
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) return make_error("in-progress", "the connection is not there yet");
  return make_error("connect", "cannot connect: the peer closed the connection at once");
}

}  // namespace gatehouse::net
