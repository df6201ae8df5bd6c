#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "chars.h"
#include "gatehouse/http/forward.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kMaxHops = 32;

// The last hops of a list that may be longer; oldest first.
struct Hops {
  std::array<std::string_view, kMaxHops> nodes;
  std::size_t count = 0;
  void add(std::string_view node) noexcept { nodes[count++ % kMaxHops] = node; }
  std::size_t size() const noexcept { return std::min(count, kMaxHops); }
  std::string_view from_right(std::size_t i) const noexcept { return nodes[(count - 1 - i) % kMaxHops]; }
};

bool is_ip(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  in6_addr address;
  if (text.size() >= sizeof copy) return false;
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  return inet_pton(family, copy, &address) == 1;
}

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" → the address, or empty.
std::string_view address_of(std::string_view node) noexcept {
  if (node.starts_with('[')) {
    const std::size_t bracket = node.find(']');
    node = bracket == std::string_view::npos ? std::string_view() : node.substr(1, bracket - 1);
  } else if (const std::size_t colon = node.find(':'); colon != std::string_view::npos && node.rfind(':') == colon) {
    node = node.substr(0, colon);
  }
  return is_ip(node) ? node : std::string_view();
}

void add_plain(std::string_view list, Hops& hops) noexcept {
  while (true) {
    const bool last = list.find(',') == std::string_view::npos;
    hops.add(take_member(list));
    if (last) return;
  }
}

// Takes one element of a Forwarded list (RFC 7239 section 4) up to its comma; commas and semicolons may be quoted.
std::string_view take_until(std::string_view& text, std::string_view stops, char& stop) noexcept {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (quoted && text[at] == '\\') ++at;
    else if (text[at] == '"') quoted = !quoted;
    else if (!quoted && stops.find(text[at]) != std::string_view::npos) break;
  }
  at = std::min(at, text.size());
  stop = at < text.size() ? text[at] : '\0';
  const std::string_view taken = trim(text.substr(0, at));
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

void add_forwarded(std::string_view list, Hops& hops) noexcept {
  std::string_view node;
  for (bool more = true; more;) {
    char stop = '\0';
    std::string_view pair = take_until(list, ",;", stop);
    if (equals_ignoring_case(pair.substr(0, 4), "for=")) {
      node = pair.substr(4);
      if (node.size() >= 2 && node.front() == '"' && node.back() == '"') node = node.substr(1, node.size() - 2);
    }
    if (stop == ';') continue;
    hops.add(node);  // an element without for= is a hop that nobody can check
    node = {};
    more = stop == ',';
  }
}

}  // namespace

std::string_view client_address(const RequestHead& head, std::string_view peer, const AddressTest& test) {
  if (!test.trusted(peer)) return peer;
  const bool plain = head.fields.find(FieldId::kXForwardedFor) != nullptr;
  Hops hops;
  for (const Field& field : head.fields) {
    if (plain && field.id == FieldId::kXForwardedFor) add_plain(field.value, hops);
    if (!plain && field.id == FieldId::kForwarded) add_forwarded(field.value, hops);
  }
  std::string_view client = peer;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const std::string_view address = address_of(hops.from_right(i));
    if (address.empty()) break;
    client = address;
    if (!test.trusted(address)) break;
  }
  return client;
}

}  // namespace gatehouse::http
