// http and https URLs as people write them in settings and on command lines, and web origins. Source: RFC 3986, RFC 9110
// section 4.2, RFC 6454. User names and fragments are refused, and characters that no URL holds: what was parsed cannot
// break out of a request line or a Host field. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/net/address.h"

namespace gatehouse::http {

struct Url {
  bool tls = false;
  net::Address address;   // port 80 or 443 when the URL names none
  std::string authority;  // as written, for Host; without the colon of an empty port
  std::string target;     // path and query as written, at least "/"
};

Result<Url> parse_url(std::string_view text);  // slug "bad-url"

// "https://app.example:8443"; views into the text.
struct Origin {
  bool tls = false;
  std::string_view host;  // as written, an IPv6 literal with its brackets
  std::string_view port;  // empty: the scheme's own
};

// Nothing for whatever is no http or https origin ("null", a path, user information, another scheme).
std::optional<Origin> parse_origin(std::string_view text) noexcept;

}  // namespace gatehouse::http
