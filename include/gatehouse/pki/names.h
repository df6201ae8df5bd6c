// The names that a certificate can carry: host names and IP addresses, in the one spelling that certificate authorities,
// certificates and our own files use. Source: RFC 8555 section 9.7.7 ("dns"), RFC 8738 ("ip"), RFC 6125 section 6.4.3 (wildcards).
//
//   "Example.ORG."  →  dns "example.org"        "*.example.org"  →  dns, wildcard
//   "2001:DB8::0:1" →  ip "2001:db8::1"         "müller.example" →  error: write the A-label
//
// Error: "bad-name". Values; any thread.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::pki {

struct Name {
  bool is_ip = false;
  std::string text;

  bool wildcard() const noexcept { return text.starts_with("*."); }
  std::string_view base() const noexcept { return std::string_view(text).substr(wildcard() ? 2 : 0); }  // without "*."
  auto operator<=>(const Name&) const = default;
};

using Names = std::vector<Name>;

Result<Name> parse_name(std::string_view text);
Result<Names> parse_names(const std::vector<std::string>& texts);  // at least one, at most 100, each once; order is kept
std::vector<std::string> texts_of(const Names& names);

// The name that stands for an address where only host names fit (RFC 8738, section 6): "1.0.0.127.in-addr.arpa".
std::string reverse_name(const Name& address);

}  // namespace gatehouse::pki
