#include "hops.h"

#include <arpa/inet.h>

#include <cstring>

#include "chars.h"

namespace gatehouse::http {
namespace {

bool is_ip(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  in6_addr address;
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  const int family = text.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  return inet_pton(family, copy, &address) == 1;
}

void add_plain(std::string_view list, Hops& hops) noexcept {
  while (!list.empty())
    if (const std::string_view node = take_member(list); !node.empty()) hops.add({node, {}, {}});
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

void take_pair(std::string_view pair, Hop& hop) noexcept {
  const std::size_t equals = std::min(pair.find('='), pair.size());
  const std::string_view name = pair.substr(0, equals);
  std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  if (equals_ignoring_case(name, "for")) hop.node = value;
  else if (equals_ignoring_case(name, "proto")) hop.proto = value;
  else if (equals_ignoring_case(name, "host")) hop.host = value;
}

void add_forwarded(std::string_view list, Hops& hops) noexcept {
  Hop hop;
  bool told = false;
  for (bool more = true; more;) {
    char stop = '\0';
    const std::string_view pair = take_until(list, ",;", stop);
    told |= !pair.empty();
    take_pair(pair, hop);
    if (stop == ';') continue;
    if (told) hops.add(hop);  // an element without for= is a hop that nobody can check
    hop = {};
    told = false;
    more = stop == ',';
  }
}

}  // namespace

std::string_view address_of(std::string_view node) noexcept {
  if (node.starts_with('[')) {
    const std::size_t bracket = node.find(']');
    node = bracket == std::string_view::npos ? std::string_view() : node.substr(1, bracket - 1);
  } else if (const std::size_t colon = node.find(':'); colon != std::string_view::npos && node.rfind(':') == colon) {
    node = node.substr(0, colon);
  }
  return is_ip(node) ? node : std::string_view();
}

Hops hops_of(const Fields& fields, FieldId id) noexcept {
  Hops hops;
  for (const Field& field : fields) {
    if (field.id != id) continue;
    if (id == FieldId::kForwarded) add_forwarded(field.value, hops);
    else add_plain(field.value, hops);
  }
  return hops;
}

}  // namespace gatehouse::http
