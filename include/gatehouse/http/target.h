// Request targets: the forms of RFC 9112 section 3.2, host[:port], and the one path that is routed, authorised and
// forwarded (P-4, P-14). Used by the HTTP/1 parser; also for an HTTP/2 :path and for paths in the configuration.
//
// Normalising a path: unreserved bytes are decoded, %XX becomes upper case, dot segments are removed, runs of slashes
// become one. Refused, because upstreams disagree about them: %2F, %5C, a raw backslash, encoded control bytes, broken
// percent escapes, over-long UTF-8, "/..;/", bytes outside printable ASCII, " < > and a path that climbs above the root.
// A query is forwarded byte for byte; in it broken escapes and encoded NUL, CR, LF are refused.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {

struct Target {
  std::string_view path;       // a view into the target, into `storage`, or the literal "/" or "*"
  std::string_view query;      // with its '?', or empty
  std::string_view authority;  // of the absolute form, else empty
};

// The common case, a path that is normal already, is one scan and does not touch `storage`.
Refusal parse_target(std::string_view target, Method method, std::string& storage, Target& out);

// `path_and_query` starts with '/'.
Refusal parse_origin_form(std::string_view path_and_query, std::string& storage, Target& out);

// uri-host[:port] without user information, percent escapes and zone; port 1 … 65535, or empty: "a:" is "a" (RFC 3986
// section 3.2.3). `host` keeps the brackets of an IPv6 literal. False: not valid.
bool split_authority(std::string_view authority, std::string_view& host, std::string_view& port) noexcept;

// The one spelling of a host, to compare: lower case, without the root's trailing dot; an IPv6 address, which may come without
// brackets, as the system writes it, in brackets. Into `storage`; empty: too long, or a colon and no IPv6 address.
inline constexpr std::size_t kLongestHost = 255;
std::string_view canonical_host(std::string_view host, std::span<char, kLongestHost> storage) noexcept;

}  // namespace gatehouse::http
