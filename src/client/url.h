// http and https URLs as this room needs them. Source: RFC 3986, RFC 9110 section 4.2; user names and fragments refused.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::client {

struct Url {
  bool tls = false;
  std::string host;       // without brackets
  std::string port;       // "80" or "443" when absent
  std::string authority;  // as written, for Host
  std::string target;     // path and query, at least "/"
};

Result<Url> parse_url(std::string_view text);  // slug "bad-url"

}  // namespace gatehouse::client
