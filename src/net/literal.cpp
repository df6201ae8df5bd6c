#include "literal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::net {

namespace {

constexpr std::uint8_t kMapped[kMappedPrefix] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool is_mapped(const std::uint8_t* bytes) noexcept { return std::equal(kMapped, kMapped + kMappedPrefix, bytes); }

std::optional<Literal> parse_literal(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1];
  if (text.empty() || text.size() >= sizeof buffer || text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), buffer) = '\0';
  Literal literal;
  if (::inet_pton(AF_INET, buffer, literal.bytes.data() + kMappedPrefix) == 1) {
    std::copy(kMapped, kMapped + kMappedPrefix, literal.bytes.begin());
    literal.v4 = true;
    return literal;
  }
  if (::inet_pton(AF_INET6, buffer, literal.bytes.data()) == 1) return literal;
  return std::nullopt;
}

std::string print_literal(const std::array<std::uint8_t, 16>& bytes, bool mapped_as_v4) {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (mapped_as_v4 && is_mapped(bytes.data())) {
    ::inet_ntop(AF_INET, bytes.data() + kMappedPrefix, buffer, sizeof buffer);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  }
  return buffer;
}

std::optional<Literal> literal_of(const Endpoint& endpoint) noexcept {
  Literal literal;
  if (endpoint.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(endpoint.storage);
    std::copy(kMapped, kMapped + kMappedPrefix, literal.bytes.begin());
    std::memcpy(literal.bytes.data() + kMappedPrefix, &v4.sin_addr, sizeof v4.sin_addr);
    literal.v4 = true;
    return literal;
  }
  if (endpoint.storage.ss_family != AF_INET6) return std::nullopt;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(endpoint.storage);
  std::memcpy(literal.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  return literal;
}

}  // namespace gatehouse::net
