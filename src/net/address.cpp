#include "gatehouse/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

#include "literal.h"

namespace gatehouse::net {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kNameLimit = 253;
constexpr std::size_t kLabelLimit = 63;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_name_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }

Error bad_address(std::string_view text, std::string_view what) {
  std::string shown(text.substr(0, 120));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return make_error("bad-address", "'" + shown + "' " + std::string(what),
                    "write 127.0.0.1:8080, [::1]:8080, :8080 (all interfaces), host.name:8080 or unix:/run/x.sock");
}

bool parse_port(std::string_view text, std::uint16_t& port) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelLimit && std::all_of(label.begin(), label.end(), is_name_char) &&
         label.front() != '-' && label.back() != '-';
}

// What old resolvers read as an IPv4 address ("127.1", "0x7f.1", "2130706433") is no name.
bool looks_numeric(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.starts_with("0x") && std::all_of(label.begin() + 2, label.end(), is_hex);
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kNameLimit || host == "unix") return false;  // "unix:80" reads as a path
  for (;;) {
    const std::size_t dot = host.find('.');
    const std::string_view label = host.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !looks_numeric(label);
    host.remove_prefix(dot + 1);
  }
}

Result<Address> parse_unix(std::string_view text) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (path.empty() || path[0] != '/') return bad_address(text, "needs an absolute path after unix:");
  if (path.find('\0') != std::string_view::npos) return bad_address(text, "has a zero byte in its path");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return bad_address(text, "has a path longer than 107 bytes");
  return Address{std::string(path), 0, true};
}

Result<std::string> parse_host(std::string_view text, std::string_view host, bool bracketed) {
  if (bracketed) {
    const auto literal = parse_literal(host);
    if (!literal || literal->v4) return bad_address(text, "has no IPv6 address between its brackets");
    return print_literal(literal->bytes, false);
  }
  if (host.empty()) return std::string();
  if (host.find(':') != std::string_view::npos) return bad_address(text, "needs brackets around its IPv6 address");
  if (const auto literal = parse_literal(host)) return print_literal(literal->bytes, true);
  std::string name(host);
  std::transform(name.begin(), name.end(), name.begin(), lower);
  if (!is_name(name)) return bad_address(text, "has neither an IP address nor a host name before its port");
  return name;
}

Endpoint ip_endpoint(const Literal& literal, std::uint16_t port) {
  Endpoint endpoint;
  if (literal.v4) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(endpoint.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::copy(literal.bytes.begin() + kMappedPrefix, literal.bytes.end(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
    endpoint.size = sizeof v4;
    return endpoint;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(endpoint.storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::copy(literal.bytes.begin(), literal.bytes.end(), reinterpret_cast<std::uint8_t*>(&v6.sin6_addr));
  endpoint.size = sizeof v6;
  return endpoint;
}

std::string unix_path(const Endpoint& endpoint) {
  constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);
  if (endpoint.size <= kHead) return {};
  const auto& local = reinterpret_cast<const sockaddr_un&>(endpoint.storage);
  const std::string_view bytes(local.sun_path, endpoint.size - kHead);
  return std::string(bytes.substr(0, bytes.find('\0')));
}

}  // namespace

std::string Address::to_string() const {
  if (is_unix) return std::string(kUnixPrefix) + host;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Address::is_loopback() const {
  if (is_unix || host == "localhost" || host.ends_with(".localhost")) return true;
  const auto literal = parse_literal(host);
  if (!literal) return false;
  if (is_mapped(literal->bytes.data())) return literal->bytes[kMappedPrefix] == 127;
  return literal->bytes == std::array<std::uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
}

Result<Address> parse_address(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_unix(text);
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon == std::string_view::npos || (bracketed && text.rfind(']') == text.size() - 1)) {
    return bad_address(text, "has no port");
  }
  Address address;
  std::string_view host = text.substr(0, colon);
  if (bracketed) {
    if (!host.ends_with(']')) return bad_address(text, "has no ']' before its port");
    host = host.substr(1, host.size() - 2);
  }
  auto name = parse_host(text, host, bracketed);
  if (!name) return std::move(name).error();
  if (!parse_port(text.substr(colon + 1), address.port)) return bad_address(text, "has no port between 0 and 65535");
  address.host = *std::move(name);
  return address;
}

std::string Endpoint::address_only() const {
  if (const auto literal = literal_of(*this)) return print_literal(literal->bytes, true);
  return storage.ss_family == AF_UNIX ? std::string(kUnixPrefix) + unix_path(*this) : std::string();
}

std::string Endpoint::to_string() const {
  std::string text = address_only();
  if (storage.ss_family == AF_UNIX) return text;
  if (text.find(':') != std::string::npos) text = "[" + text + "]";
  return text + ":" + std::to_string(port());
}

std::uint16_t Endpoint::port() const noexcept {
  if (storage.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  return 0;
}

Result<Endpoint> to_endpoint(const Address& address) {
  if (address.is_unix) {
    Endpoint endpoint;
    auto& local = reinterpret_cast<sockaddr_un&>(endpoint.storage);
    if (address.host.size() >= sizeof local.sun_path) {
      return bad_address(address.to_string(), "has a path longer than 107 bytes");
    }
    local.sun_family = AF_UNIX;
    std::copy(address.host.begin(), address.host.end(), local.sun_path);
    endpoint.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.host.size() + 1);
    return endpoint;
  }
  if (address.host.empty()) return ip_endpoint(Literal{}, address.port);
  if (const auto literal = parse_literal(address.host)) return ip_endpoint(*literal, address.port);
  return make_error("needs-lookup", "'" + address.host + "' is a name, not an IP address");
}

}  // namespace gatehouse::net
