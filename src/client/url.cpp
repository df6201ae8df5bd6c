#include "url.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace gatehouse::client {
namespace {

constexpr std::size_t kMaxUrl = 8192;

Error bad(std::string_view text, std::string_view why) {
  return make_error("bad-url", "'" + std::string(text.substr(0, 200)) + "': " + std::string(why));
}

bool is_plain(char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' && c != '`'; }

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_ipv6_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// Splits "[::1]:8080" or "host:8080"; false when a bracket is missing or something is between bracket and colon.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) {
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == authority.npos) return false;
    host = authority.substr(1, close - 1);
    if (!std::all_of(host.begin(), host.end(), is_ipv6_char)) return false;
    rest = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, colon);
    if (!std::all_of(host.begin(), host.end(), is_host_char)) return false;
    rest = authority.substr(colon);
  }
  if (rest.empty()) return !host.empty();
  port = rest.substr(1);
  return !host.empty() && rest[0] == ':' && is_port(port);
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrl) return bad(text, "a URL has at most 8192 bytes");
  if (!std::all_of(text.begin(), text.end(), is_plain)) return bad(text, "a character that a URL cannot hold");
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return bad(text, "expected http:// or https://");
  }
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (text.find('#') != text.npos) return bad(text, "a fragment is not sent to a server");
  if (authority.find('@') != authority.npos) return bad(text, "a user name in a URL is not supported");
  std::string_view host, port;
  if (!split_authority(authority, host, port)) return bad(text, "expected host, host:port or [IPv6]:port");
  url.host = host;
  url.port = !port.empty() ? port : url.tls ? "443" : "80";
  url.authority = authority;
  url.target = rest.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

}  // namespace gatehouse::client
