#include "unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "port_owner.h"

namespace gatehouse::net {

namespace {

constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

// Two daemons that find the same stale socket must not both replace it. Best effort: a directory that cannot be opened
// or is locked by somebody else must not keep us from starting.
UniqueFd lock_directory(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) ::flock(fd.get(), LOCK_EX | LOCK_NB);
  return fd;
}

Error in_use(const Address& address, int connected) {
  const auto peer = peer_credentials(connected);
  const std::string owner = peer && peer->pid > 0 ? describe_process(peer->pid) : "another process";
  return make_error("port-in-use", "cannot listen on " + address.to_string() + ": in use by " + owner,
                    "stop it, or choose another path");
}

enum class Path { kAbsent, kStale };

Result<Path> look(const Address& address, const Endpoint& endpoint) {
  struct stat info {};
  if (::lstat(address.host.c_str(), &info) != 0) {
    if (errno == ENOENT) return Path::kAbsent;
    return system_error("socket-path", "cannot look at " + address.host, errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return make_error("socket-path", "cannot listen on " + address.to_string() + ": the path exists and is no socket",
                      "move the file away, or choose another path");
  }
  const UniqueFd probe(::socket(AF_UNIX, kType, 0));
  if (!probe) return system_error("listen", "cannot make a socket", errno);
  if (::connect(probe.get(), endpoint.data(), endpoint.size) == 0 || errno == EAGAIN) return in_use(address, probe.get());
  if (errno != ECONNREFUSED) return system_error("socket-path", "cannot ask who listens on " + address.to_string(), errno);
  return Path::kStale;
}

Status remove_stale(const Address& address, const Endpoint& endpoint) {
  const auto path = look(address, endpoint);
  if (!path) return path.error();
  if (*path == Path::kStale && ::unlink(address.host.c_str()) != 0 && errno != ENOENT) {
    return system_error("socket-path", "cannot remove the stale socket " + address.host, errno);
  }
  return {};
}

}  // namespace

Status check_unix_free(const Address& address) {
  const auto endpoint = to_endpoint(address);
  if (!endpoint) return endpoint.error();
  const auto path = look(address, *endpoint);
  return path ? Status() : Status(path.error());
}

Result<UniqueFd> bind_unix(const Address& address, const ListenOptions& options) {
  const auto endpoint = to_endpoint(address);
  if (!endpoint) return endpoint.error();
  const UniqueFd lock = lock_directory(address.host);
  if (Status removed = remove_stale(address, *endpoint); !removed) return std::move(removed).error();
  UniqueFd fd(::socket(AF_UNIX, kType, 0));
  if (!fd) return system_error("listen", "cannot make a socket", errno);
  // The file is born with the mode of the unbound socket, less the umask; chmod then undoes the umask.
  ::fchmod(fd.get(), options.unix_mode);
  if (::bind(fd.get(), endpoint->data(), endpoint->size) != 0) {
    return system_error(errno == EADDRINUSE ? "port-in-use" : "socket-path", "cannot listen on " + address.to_string(), errno);
  }
  if (::chmod(address.host.c_str(), options.unix_mode) != 0) {
    return system_error("socket-path", "cannot set the mode of " + address.host, errno);
  }
  return fd;
}

}  // namespace gatehouse::net
