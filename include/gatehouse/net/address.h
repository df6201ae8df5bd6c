// Addresses as people write them: "127.0.0.1:8080", "[::1]:8080", ":8080" (all interfaces), "host.name:80",
// "unix:/run/x.sock". Values; no look-up is made here.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::net {

struct Address {
  std::string host;          // literal or name, without brackets; path when is_unix
  std::uint16_t port = 0;
  bool is_unix = false;

  std::string to_string() const;  // "[::1]:8080"
  bool is_loopback() const;       // literal loopback address, "localhost", or a Unix socket
  bool operator==(const Address&) const = default;
};

Result<Address> parse_address(std::string_view text);  // slug "bad-address"

// A socket address ready for the kernel.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  std::string to_string() const;       // "127.0.0.1:8080"
  std::string address_only() const;    // "127.0.0.1"; IPv4-mapped IPv6 as IPv4
  std::uint16_t port() const noexcept;
};

Result<Endpoint> to_endpoint(const Address& address);  // literals and Unix paths only; a name is "needs-lookup"

// 10.0.0.0/8, 2001:db8::/32, or one address.
struct Cidr {
  std::uint8_t bytes[16] = {};  // IPv4 as ::ffff:a.b.c.d
  int prefix = 128;
  bool contains(const Endpoint& endpoint) const noexcept;
  bool contains(std::string_view address) const noexcept;
};
Result<Cidr> parse_cidr(std::string_view text);  // slug "bad-cidr"

}  // namespace gatehouse::net
