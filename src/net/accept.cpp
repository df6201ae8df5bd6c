#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "gatehouse/net/listener.h"

namespace gatehouse::net {

namespace {

// accept(2): errors of the connection in the queue, not of the listener.
bool connection_died(int error) noexcept {
  switch (error) {
    case EINTR: case ECONNABORTED: case ENETDOWN: case EPROTO: case ENOPROTOOPT: case EHOSTDOWN: case ENONET:
    case EHOSTUNREACH: case EOPNOTSUPP: case ENETUNREACH: case EPERM: case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

constexpr int kDeadInARow = 16;  // then the loop gets a turn

UniqueFd open_reserve() noexcept { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

std::optional<Accepted> accept_one(int listener, int* error) {
  Accepted accepted;
  int why = 0;
  for (int i = 0; i < kDeadInARow; ++i) {
    accepted.peer.size = sizeof accepted.peer.storage;
    const int fd = ::accept4(listener, reinterpret_cast<sockaddr*>(&accepted.peer.storage), &accepted.peer.size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      accepted.fd = UniqueFd(fd);
      return accepted;
    }
    why = errno;
    if (!connection_died(why)) break;
  }
  if (error != nullptr) *error = why == EWOULDBLOCK ? EAGAIN : why;
  return std::nullopt;
}

bool out_of_descriptors(int error) noexcept {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

ReserveDescriptor::ReserveDescriptor() : fd_(open_reserve()) {}

bool ReserveDescriptor::refuse_one(int listener) noexcept {
  if (!fd_) fd_ = open_reserve();
  if (!fd_) return false;
  fd_.reset();
  const int refused = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (refused >= 0) ::close(refused);
  fd_ = open_reserve();
  return refused >= 0;
}

std::optional<PeerCredentials> peer_credentials(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 || size != sizeof credentials) return std::nullopt;
  if (credentials.pid == 0 && credentials.uid == static_cast<uid_t>(-1)) return std::nullopt;  // not a Unix socket
  return PeerCredentials{credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace gatehouse::net
