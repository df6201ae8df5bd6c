#include "gatehouse/http/target.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "chars.h"
#include "gatehouse/base/encoding.h"
#include "path.h"

namespace gatehouse::http {
namespace {

Refusal check_query(std::string_view query) {  // without '?'
  for (std::size_t i = 0; i < query.size(); ++i) {
    if (is(query[i], kQueryPlain)) continue;
    if (query[i] != '%') return {400, "bad_target"};
    const int value = percent_value(query, i);
    if (value < 0) return {400, "bad_percent"};
    if (value == 0 || value == '\r' || value == '\n') return {400, "percent_control"};
    i += 2;
  }
  return {};
}

bool parse_ipv6(std::string_view text, in6_addr& address) noexcept {
  char copy[INET6_ADDRSTRLEN] = {};
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;  // inet_pton would stop there
  std::memcpy(copy, text.data(), text.size());
  return inet_pton(AF_INET6, copy, &address) == 1;
}

bool valid_ipv6(std::string_view text) noexcept {
  in6_addr address;
  return parse_ipv6(text, address);
}

std::string_view canonical_ipv6(std::string_view host, std::span<char, kLongestHost> storage) noexcept {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in6_addr address;
  if (!parse_ipv6(host, address)) return {};
  storage[0] = '[';
  inet_ntop(AF_INET6, &address, storage.data() + 1, INET6_ADDRSTRLEN);
  const std::size_t size = std::strlen(storage.data());
  storage[size] = ']';
  return {storage.data(), size + 1};
}

bool valid_name(std::string_view host) noexcept {
  if (host.empty() || host.size() > 255 || host.front() == '.' || host.front() == '-') return false;
  return all_are(host, kHostChar) && host.find("..") == std::string_view::npos;
}

bool valid_port(std::string_view port) noexcept {
  if (port.empty()) return true;
  if (port.size() > 5 || !all_are(port, kDigit)) return false;
  unsigned value = 0;
  std::from_chars(port.data(), port.data() + port.size(), value);
  return value >= 1 && value <= 65535;
}

std::size_t scheme_size(std::string_view target) noexcept {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")})
    if (equals_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

Refusal parse_absolute_form(std::string_view rest, Method method, std::string& storage, Target& out) {
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  out.authority = rest.substr(0, end);
  std::string_view host, port;
  if (!split_authority(out.authority, host, port)) return {400, "bad_authority"};
  if (port.empty()) out.authority = host;
  rest.remove_prefix(end);
  if (!rest.empty() && rest.front() == '/') return parse_origin_form(rest, storage, out);
  out.path = method == Method::kOptions && rest.empty() ? "*" : "/";  // RFC 9112 section 3.2.4
  out.query = rest;
  return rest.empty() ? Refusal{} : check_query(rest.substr(1));
}

}  // namespace

bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) noexcept {
  std::size_t host_end = authority.find(':');
  const bool literal = !authority.empty() && authority.front() == '[';
  if (literal) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos || !valid_ipv6(authority.substr(1, bracket - 1))) return false;
    host_end = bracket + 1 == authority.size() ? std::string_view::npos : bracket + 1;
  }
  host = authority.substr(0, host_end);
  port = {};
  if (!literal && !valid_name(host)) return false;
  if (host_end == std::string_view::npos) return true;
  if (authority[host_end] != ':') return false;
  port = authority.substr(host_end + 1);
  return valid_port(port);
}

std::string_view canonical_host(std::string_view host, std::span<char, kLongestHost> storage) noexcept {
  if (host.size() > storage.size()) return {};
  if (host.find(':') != std::string_view::npos) return canonical_ipv6(host, storage);
  std::transform(host.begin(), host.end(), storage.begin(), to_lower);
  const std::string_view text(storage.data(), host.size());
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

Refusal parse_origin_form(std::string_view text, std::string& storage, Target& out) {
  std::size_t end = 0;
  const PathScan scan = scan_path(text, end);
  if (scan == PathScan::kRefused) return {400, text[end] == '\\' ? "backslash" : "bad_target"};
  if (scan == PathScan::kNormal) {
    out.path = text.substr(0, end);
  } else {
    end = std::min(text.find('?'), text.size());
    const Refusal refusal = normalise_path(text.substr(0, end), storage);
    if (refusal.refused()) return refusal;
    out.path = storage;
  }
  out.query = text.substr(end);
  return out.query.empty() ? Refusal{} : check_query(out.query.substr(1));
}

Refusal parse_target(std::string_view target, Method method, std::string& storage, Target& out) {
  out = {};
  if (target.empty()) return {400, "bad_request_line"};
  if (target.front() == '/') return parse_origin_form(target, storage, out);
  if (target == "*") {
    if (method != Method::kOptions) return {400, "asterisk_target"};
    out.path = target;
    return {};
  }
  const std::size_t scheme = scheme_size(target);
  if (scheme != 0) return parse_absolute_form(target.substr(scheme), method, storage, out);
  std::string_view host, port;
  if (split_authority(target, host, port) && !port.empty()) return {405, "method_not_allowed"};
  return {400, "bad_target"};
}

}  // namespace gatehouse::http
