#include "gatehouse/net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "port_owner.h"
#include "unix_socket.h"

namespace gatehouse::net {

namespace {

constexpr std::uint16_t kFirstOpenPort = 1024;

void set_option(int fd, int level, int option, int value) noexcept { ::setsockopt(fd, level, option, &value, sizeof value); }

Error in_use_error(const Address& address, const ListenOptions& options) {
  Address other = address;
  other.port = static_cast<std::uint16_t>(address.port == 65535 ? 65534 : address.port + 1);
  return make_error("port-in-use",
                    "cannot listen on " + address.to_string() + ": in use by " + describe_port_owner(address.port),
                    "stop it, or choose another port: --set listeners." + options.name + ".address=" + other.to_string());
}

Error forbidden_error(const Address& address, const ListenOptions& options) {
  Address other = address;
  other.port = static_cast<std::uint16_t>(address.port == 443 ? 8443 : 8080);
  return make_error("port-forbidden",
                    "cannot listen on " + address.to_string() + ": ports below 1024 need the capability CAP_NET_BIND_SERVICE",
                    "give it (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE), or choose another port: --set listeners." +
                        options.name + ".address=" + other.to_string());
}

Error bind_error(const Address& address, const ListenOptions& options, int error) {
  if (error == EADDRINUSE) return in_use_error(address, options);
  if (error == EACCES && address.port < kFirstOpenPort) return forbidden_error(address, options);
  if (error == EADDRNOTAVAIL) {
    return make_error("no-such-address", "cannot listen on " + address.to_string() + ": this machine has no such address",
                      "`ip address` lists them; :" + std::to_string(address.port) + " means all");
  }
  return system_error("listen", "cannot listen on " + address.to_string(), error);
}

// What accepted connections inherit from their listener costs no system call for each of them.
void set_stream_options(int fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

struct Binding {
  UniqueFd fd;
  int error = 0;
};

Binding bind_ip(const Endpoint& endpoint, bool dual_stack, bool shared) {
  const int family = endpoint.storage.ss_family;
  UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {UniqueFd(), errno};
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (family == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, dual_stack ? 0 : 1);
  set_stream_options(fd.get());
  if (::bind(fd.get(), endpoint.data(), endpoint.size) != 0) return {UniqueFd(), errno};
  return {std::move(fd), 0};
}

Result<UniqueFd> bind_tcp(const Address& address, const ListenOptions& options, bool shared) {
  auto endpoint = to_endpoint(address);
  if (!endpoint) return std::move(endpoint).error().context("listeners." + options.name + ".address");
  const bool every_address = address.host.empty();
  Binding binding = bind_ip(*endpoint, every_address, shared);
  if (every_address && (binding.error == EAFNOSUPPORT || binding.error == EADDRNOTAVAIL)) {
    endpoint = to_endpoint(Address{"0.0.0.0", address.port, false});
    binding = bind_ip(*endpoint, false, shared);
  }
  if (!binding.fd) return bind_error(address, options, binding.error);
  return std::move(binding.fd);
}

Result<UniqueFd> start_listening(UniqueFd fd, const Address& address, const ListenOptions& options) {
  if (::listen(fd.get(), options.backlog) != 0) return bind_error(address, options, errno);
  return fd;
}

Result<UniqueFd> next_of_group(int first, const Address& bound, const ListenOptions& options) {
  if (bound.is_unix) {
    UniqueFd copy(::fcntl(first, F_DUPFD_CLOEXEC, 0));
    if (!copy) return system_error("listen", "cannot duplicate the socket of " + bound.to_string(), errno);
    return copy;
  }
  auto fd = bind_tcp(bound, options, true);
  return fd ? start_listening(*std::move(fd), bound, options) : std::move(fd);
}

}  // namespace

Result<UniqueFd> listen(const Address& address, const ListenOptions& options) {
  auto fd = address.is_unix ? bind_unix(address, options) : bind_tcp(address, options, false);
  return fd ? start_listening(*std::move(fd), address, options) : std::move(fd);
}

Result<std::vector<UniqueFd>> listen_group(const Address& address, unsigned count, const ListenOptions& options) {
  auto first = address.is_unix ? bind_unix(address, options) : bind_tcp(address, options, false);
  if (!first) return std::move(first).error();
  // Bound alone, it has proved that nobody else is here; from now on it shares with its own group.
  if (!address.is_unix && count > 1) set_option(first->get(), SOL_SOCKET, SO_REUSEPORT, 1);
  const auto local = local_endpoint(first->get());
  if (!local) return local.error();
  auto listening = start_listening(*std::move(first), address, options);
  if (!listening) return std::move(listening).error();
  Address bound = address;
  if (!address.is_unix) bound.port = local->port();
  std::vector<UniqueFd> group;
  group.push_back(*std::move(listening));
  while (group.size() < count) {
    auto next = next_of_group(group.front().get(), bound, options);
    if (!next) return std::move(next).error();
    group.push_back(*std::move(next));
  }
  return group;
}

Result<Endpoint> local_endpoint(int fd) {
  Endpoint endpoint;
  endpoint.size = sizeof endpoint.storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&endpoint.storage), &endpoint.size) != 0) {
    return system_error("listen", "cannot read the address of a socket", errno);
  }
  return endpoint;
}

}  // namespace gatehouse::net
