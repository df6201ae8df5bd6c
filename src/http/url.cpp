#include "gatehouse/http/url.h"

#include <algorithm>

#include "gatehouse/http/message.h"
#include "gatehouse/http/target.h"

namespace gatehouse::http {

namespace {

constexpr std::size_t kMaxUrl = 8192;
constexpr std::string_view kPlain = "http://", kTls = "https://";

Error bad(std::string_view text, std::string_view why) {
  return make_error("bad-url", "'" + std::string(text.substr(0, 200)) + "': " + std::string(why));
}

bool is_plain(char c) { return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos; }

// Takes the scheme off the front of `text`.
bool take_scheme(std::string_view& text, bool& tls) noexcept {
  for (const std::string_view scheme : {kPlain, kTls}) {
    if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) continue;
    text.remove_prefix(scheme.size());
    tls = scheme == kTls;
    return true;
  }
  return false;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrl) return bad(text, "a URL has at most 8192 bytes");
  if (!std::all_of(text.begin(), text.end(), is_plain)) return bad(text, "a character that a URL cannot hold");
  Url url;
  std::string_view rest = text;
  if (!take_scheme(rest, url.tls)) return bad(text, "expected http:// or https://");
  if (rest.find('#') != rest.npos) return bad(text, "a fragment is not sent to a server");
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != authority.npos) return bad(text, "a user name in a URL is not supported");
  std::string_view host, port;
  if (!split_authority(authority, host, port)) return bad(text, "expected host, host:port or [IPv6]:port");
  auto address = net::parse_address(port.empty() ? std::string(host) + (url.tls ? ":443" : ":80") : authority);
  if (!address) return bad(text, "expected an IP address or a host name");
  url.address = *std::move(address);
  url.authority = port.empty() ? host : authority;
  url.target = rest.substr(authority.size());
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

std::optional<Origin> parse_origin(std::string_view text) noexcept {
  Origin origin;
  if (!take_scheme(text, origin.tls) || !split_authority(text, origin.host, origin.port)) return std::nullopt;
  if (text.ends_with(':')) return std::nullopt;  // RFC 6454, section 6.2: a port that is said is not empty
  return origin;
}

}  // namespace gatehouse::http
