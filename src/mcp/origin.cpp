#include <algorithm>

#include "gatehouse/http/url.h"
#include "ingress.h"

namespace gatehouse::mcp {

namespace {

bool all_of_chars(std::string_view text, std::string_view allowed) noexcept {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_ipv6(std::string_view host) noexcept {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' &&
         all_of_chars(host.substr(1, host.size() - 2), "0123456789abcdefABCDEF:.");
}

bool is_ip_literal(std::string_view host) noexcept {
  return is_ipv6(host) || (all_of_chars(host, "0123456789.") && std::count(host.begin(), host.end(), '.') == 3);
}

bool is_loopback_name(std::string_view host) noexcept {
  return http::equals_ignoring_case(host, "localhost") || host == "[::1]" || (is_ip_literal(host) && host.starts_with("127."));
}

bool listed(const std::vector<std::string>& list, std::string_view item) noexcept {
  return std::any_of(list.begin(), list.end(), [&](const std::string& own) {
    if (own.starts_with("*."))
      return item.size() > own.size() - 1 && http::equals_ignoring_case(item.substr(item.size() - own.size() + 1), std::string_view(own).substr(1));
    return http::equals_ignoring_case(own, item);
  });
}

// An address in Host cannot come from a rebound name; a name must be one that was configured.
bool host_allowed(std::string_view host, const http::ClientInfo& client, const Hosts& hosts) noexcept {
  if (is_loopback_name(host) || listed(hosts.hosts, host)) return true;
  return !client.loopback_listener && is_ip_literal(host);
}

bool origin_allowed(std::string_view text, std::string_view own_host, const Hosts& hosts) noexcept {
  if (listed(hosts.origins, text)) return true;
  const std::optional<http::Origin> origin = http::parse_origin(text);
  return origin && (is_loopback_name(origin->host) || http::equals_ignoring_case(origin->host, own_host) || listed(hosts.hosts, origin->host));
}

}  // namespace

Refusal check_origin(const http::RequestHead& head, const http::ClientInfo& client, const Hosts& hosts) {
  if (!host_allowed(head.host, client, hosts))
    return {403, kInvalidRequest, "host", "Forbidden: Host is not allowed here (mcp.allowed_hosts)", {}};
  for (const http::Field& field : head.fields)
    if (field.id == http::FieldId::kOrigin && !origin_allowed(field.value, head.host, hosts))
      return {403, kInvalidRequest, "origin", "Forbidden: Origin is not allowed here (mcp.allowed_origins)", {}};
  return {};
}

}  // namespace gatehouse::mcp
