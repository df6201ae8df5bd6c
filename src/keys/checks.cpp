#include "parts.h"

#include <algorithm>
#include <array>
#include <string>

#include "gatehouse/http/target.h"
#include "gatehouse/net/address.h"
#include "gatehouse/state/open.h"
#include "gatehouse/yaml/variables.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::keys {
using yaml::quoted;

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; }
bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

template <class Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

Error bad(std::string_view text, std::string_view expected) {
  return make_error("bad-value", quoted(text) + " is not " + std::string(expected));
}

}  // namespace

Status check_name(std::string_view text) {
  if (!text.empty() && text.size() <= 64 && all_of(text, is_name)) return {};
  return make_error("bad-name", quoted(text) + " is not a name: 1 to 64 letters, digits, - and _");
}

Status check_variable_name(std::string_view text) {
  if (yaml::is_variable_name(text)) return {};
  return make_error("bad-name", quoted(text) + " is not the name of a variable");
}

Status check_endpoint_path(std::string_view text) {
  bool fine = text.size() > 1 && text.size() <= 256 && text[0] == '/' && text.back() != '/' &&
              text.find("//") == std::string_view::npos;
  fine = fine && all_of(text, [](char c) { return is_name(c) || c == '/'; });
  if (fine) return {};
  return make_error("bad-name", quoted(text) + " is not the path of an endpoint: /words/of letters, digits, - and _");
}

Status check_host(std::string_view text) {
  std::string_view host = text.starts_with("*.") ? text.substr(2) : text;
  const bool name = all_of(host, [](char c) { return is_name(c) || c == '.'; });
  const bool dots = host.starts_with('.') || host.ends_with('.') || host.find("..") != std::string_view::npos;
  if (!host.empty() && host.size() <= 253 && name && !dots) return {};
  std::array<char, http::kLongestHost> storage;
  if (text.find(':') != std::string_view::npos && !http::canonical_host(text, storage).empty()) return {};
  return bad(text, "a host: a name, *.name or an address, without a port");
}

Status check_watched_host(std::string_view text) {
  const auto address = net::parse_address(text);
  if (address.ok() && !address->is_unix && !address->host.empty() && address->port != 0) return {};
  return bad(text, "a host and port like example.org:443");
}

Status check_ask_url(std::string_view text) { return text.empty() ? Status() : check_server_url(text); }

Status check_directory_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  const bool fine = text.starts_with(kScheme) && text.size() > kScheme.size() && text.size() <= 2048 && all_of(text, is_visible) &&
                    text.find('@') == std::string_view::npos;
  if (text.empty() || fine) return {};
  return bad(text, "the URL of an ACME directory, like https://ca.example.org/directory");
}

Status check_dns_server(std::string_view text) {
  if (text.empty()) return {};
  const auto address = net::parse_address(text);
  if (address && !address->is_unix && address->port != 0 && net::to_endpoint(*address).ok()) return {};
  return bad(text, "address and port of a DNS server, like 192.0.2.53:53");
}

Status check_email(std::string_view text) {
  const std::size_t at = text.find('@');
  const bool fine = at != std::string_view::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos;
  if (text.empty() || (fine && text.size() <= 254 && all_of(text, is_visible) && text.find_first_of(",?&") == std::string_view::npos)) return {};
  return bad(text, "an e-mail address");
}

Status check_allowed_host(std::string_view text) {
  if (check_host(text).ok() && !text.starts_with('*')) return {};
  const auto address = net::parse_address(text);
  if (address.ok() && !address->is_unix && !address->host.empty()) return {};
  return bad(text, "a host, with or without a port");
}

Status check_route_path(std::string_view text) {
  const bool visible = all_of(text, [](char c) { return is_visible(c) && c != '?' && c != '#' && c != '\\'; });
  if (!text.starts_with('/') || !visible) return bad(text, "a path: it begins with / and has no ?, # or blank");
  std::string storage;
  http::Target target;
  if (const http::Refusal refusal = http::parse_origin_form(text, storage, target); refusal.refused())
    return bad(text, "a path of requests that are answered: they are refused (" + std::string(refusal.reason) + ")");
  if (target.path == text) return {};
  return bad(text, "in normal form: requests are matched as " + quoted(target.path));
}

Status check_method(std::string_view text) {
  const bool fine = !text.empty() && text.size() <= 32 && all_of(text, [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; });
  if (fine) return {};
  return bad(text, "a request method in capitals, for example GET");
}

Status check_redirect(std::string_view text) {
  const bool start = text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://");
  if (start && all_of(text, is_visible)) return {};
  return bad(text, "a path or an http:// or https:// URL");
}

Status check_scope(std::string_view text) {
  if (all_of(text, [](char c) { return is_name(c) || c == ':' || c == '.' || c == '*'; })) return {};
  return bad(text, "a scope, for example tools:call");
}

Status check_field_value(std::string_view text) {
  if (all_of(text, [](char c) { return is_visible(c) || c == ' '; })) return {};
  return bad(text, "the value of a header field");
}

Status check_server_url(std::string_view text) {
  if (text.starts_with("https://"))
    return make_error("not-available", "https:// to an MCP server is not available in this version");
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return bad(text, "an http:// URL");
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos)
    return make_error("bad-value", "a user or password in the URL is not allowed");
  const bool has_port = authority.rfind(':') != std::string_view::npos && !authority.ends_with(']');
  const auto address = net::parse_address(has_port ? std::string(authority) : std::string(authority) + ":80");
  const bool fine = address.ok() && !address->is_unix && !address->host.empty() && address->port != 0;
  if (fine && all_of(text, is_visible) && text.find('#') == std::string_view::npos) return {};
  return bad(text, "a URL like http://127.0.0.1:3000/mcp");
}

Status check_origin(std::string_view text) {
  if (text == "*")
    return Error{"bad-value", "'*' would let every web page call: name the origins", "for example https://app.example.org"};
  const std::size_t scheme = text.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? "" : text.substr(scheme + 3);
  const bool fine = scheme != 0 && !rest.empty() && all_of(text, is_visible) && rest.find_first_of("/?#@") == std::string_view::npos;
  if (fine) return {};
  return bad(text, "an origin like https://app.example.org, without a path");
}

Status check_database_url(std::string_view text) {
  Status fine = state::check_database_url(text);
  if (fine) return {};
  return make_error("bad-value", fine.error().message, fine.error().help);
}

}  // namespace gatehouse::keys
