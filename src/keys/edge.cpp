// Listeners, routes, timeouts, limits.
#include <array>

#include "gatehouse/http/target.h"
#include "parts.h"

namespace gatehouse::keys {
namespace {

constexpr std::int64_t kHour = 3'600'000;

// A deadline of edge::Timeouts.
template <edge::Milliseconds edge::Timeouts::*Member>
void set_timeout(Draft& draft, const Place&, const Value& value) {
  draft.out.edge.timeouts.*Member = edge::Milliseconds(value.number);
}

template <std::uint32_t edge::Limits::*Member>
void set_limit(Draft& draft, const Place&, const Value& value) {
  draft.out.edge.limits.*Member = static_cast<std::uint32_t>(value.number);
}

template <std::size_t http::HeadLimits::*Member>
void set_head_limit(Draft& draft, const Place&, const Value& value) {
  draft.out.edge.limits.head.*Member = static_cast<std::size_t>(value.number);
}

// "listeners.*.tls.client_auth", or "listeners.*.tls.names[].client_auth".
tls::NameSettings& tls_names(Draft& draft, const Place& place) {
  auto& names = draft.listener(place).tls_names;
  if (names.size() <= place.indices.at(0)) names.resize(place.indices.at(0) + 1);
  return names[place.indices.at(0)];
}

// What a client may ask for by SNI: no address (RFC 6066 3).
Status check_server_name(std::string_view text) {
  const std::string_view last = text.substr(text.rfind('.') + 1);
  const bool address = text.find(':') != text.npos || last.find_first_not_of("0123456789") == last.npos;
  if (!address) return check_host(text);
  return make_error("bad-value", "'" + std::string(text) + "' is an address: clients ask for names only");
}

std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

tls::ClientAuthSettings& client_auth(Draft& draft, const Place& place) {
  return place.indices.empty() ? draft.listener(place).client_auth : tls_names(draft, place).client_auth;
}

void set_client_mode(Draft& draft, const Place& place, const Value& value) {
  client_auth(draft, place).mode = static_cast<tls::ClientAuthMode>(value.number);
}
void set_client_ca(Draft& draft, const Place& place, const Value& value) { client_auth(draft, place).ca = value.text; }
void set_client_crl(Draft& draft, const Place& place, const Value& value) { client_auth(draft, place).crl = value.text; }
void set_client_depth(Draft& draft, const Place& place, const Value& value) {
  client_auth(draft, place).depth = static_cast<std::uint32_t>(value.number);
}

constexpr const char* kModeHelp =
    "Certificates of clients: off asks nobody; optional lets clients show one, which must be good; require ends the "
    "handshake without one";
constexpr const char* kCaHelp = "PEM file of the authorities that are trusted to issue certificates of clients";
constexpr const char* kCrlHelp =
    "PEM file of revocation lists; with it every authority below the trusted one must have a list in force";
constexpr const char* kDepthHelp = "Authorities allowed between a client's certificate and the trusted one";
constexpr std::int64_t kMaxDepth = 10;

const Key kKeys[] = {
    {.path = "listeners.*.address",
     .type = Type::kAddress,
     .help = "Address and port, :PORT for all interfaces, port 0 for any free one",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.listener(p).address = v.address; },
     .named = "http=127.0.0.1:8080|https=127.0.0.1:8443",
     .required = true},
    {.path = "listeners.*.tls.policy",
     .type = Type::kEnum,
     .fallback = "intermediate",
     .help = "Versions and ciphers by Mozilla's names: intermediate is TLS 1.2 and 1.3, modern TLS 1.3 alone",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.listener(p).policy = static_cast<tls::Policy>(v.number); },
     .choices = "intermediate|modern"},
    {.path = "listeners.*.tls.unknown_names",
     .type = Type::kEnum,
     .fallback = "default",
     .help = "Clients that ask for a name without a certificate, or for none: default serves the first certificate, reject "
             "ends the handshake and shows none",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.listener(p).reject_unknown_names = v.number == 1; },
     .choices = "default|reject"},
    {.path = "listeners.*.tls.client_auth.mode",
     .type = Type::kEnum,
     .fallback = "off",
     .help = kModeHelp,
     .apply = set_client_mode,
     .choices = "off|optional|require"},
    {.path = "listeners.*.tls.client_auth.ca", .type = Type::kPath, .help = kCaHelp, .apply = set_client_ca},
    {.path = "listeners.*.tls.client_auth.crl", .type = Type::kPath, .help = kCrlHelp, .apply = set_client_crl},
    {.path = "listeners.*.tls.client_auth.depth",
     .type = Type::kInteger,
     .fallback = "3",
     .help = kDepthHelp,
     .apply = set_client_depth,
     .min = 0,
     .max = kMaxDepth},
    {.path = "listeners.*.tls.names[].hosts",
     .type = Type::kStrings,
     .help = "Names, exact or *.example.org",
     .apply =
         [](Draft& d, const Place& p, const Value& v) {
           tls_names(d, p).hosts = v.list;
           for (std::string& host : tls_names(d, p).hosts) host = lower_case(host);
         },
     .min = 1,
     .max = 1000,
     .check = check_server_name,
     .required = true},
    {.path = "listeners.*.tls.names[].client_auth.mode",
     .type = Type::kEnum,
     .fallback = "off",
     .help = kModeHelp,
     .apply = set_client_mode,
     .choices = "off|optional|require"},
    {.path = "listeners.*.tls.names[].client_auth.ca", .type = Type::kPath, .help = kCaHelp, .apply = set_client_ca},
    {.path = "listeners.*.tls.names[].client_auth.crl", .type = Type::kPath, .help = kCrlHelp, .apply = set_client_crl},
    {.path = "listeners.*.tls.names[].client_auth.depth",
     .type = Type::kInteger,
     .fallback = "3",
     .help = kDepthHelp,
     .apply = set_client_depth,
     .min = 0,
     .max = kMaxDepth},
    {.path = "listeners.*.protocols",
     .type = Type::kStrings,
     .fallback = "[http/1.1]",
     .help = "Offered in this order; h2 is accepted but not offered in this version (a warning says so)",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.listener(p).protocols = v.list; },
     .min = 1,
     .max = 2,
     .choices = "h2|http/1.1"},
    {.path = "routes[].match.hosts",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Host names or addresses, exact or *.example.org, without a port; none: any host",
     .apply =
         [](Draft& d, const Place& p, const Value& v) {
           std::array<char, http::kLongestHost> storage;
           for (const std::string& host : v.list) d.route(p).hosts.emplace_back(http::canonical_host(host, storage));
         },
     .check = check_host},
    {.path = "routes[].match.path",
     .type = Type::kString,
     .fallback = "/",
     .help = "A prefix when it ends in /, else exactly this path; in normal form (/a/b, needless percent escapes left out)",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).path = v.text; },
     .check = check_route_path},
    {.path = "routes[].match.methods",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Request methods; none: any. HEAD is allowed where GET is. "
             "Of several routes with one path, the one that names the method is taken",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).methods = v.list; },
     .check = check_method},
    {.path = "routes[].match.headers", .type = Type::kLater, .help = "Header fields that the request must have"},
    {.path = "routes[].to",
     .type = Type::kString,
     .help = "Name of an upstream",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).to = v.text; }},
    {.path = "routes[].respond.status",
     .type = Type::kInteger,
     .fallback = "200",
     .help = "Status code",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.respond(p).status = static_cast<int>(v.number); },
     .min = 200,
     .max = 599},
    {.path = "routes[].respond.body",
     .type = Type::kString,
     .fallback = "",
     .help = "Text of the answer",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.respond(p).body = v.text; }},
    {.path = "routes[].respond.content_type",
     .type = Type::kString,
     .fallback = "text/plain; charset=utf-8",
     .help = "Content-Type of the answer",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.respond(p).content_type = v.text; },
     .check = check_field_value},
    {.path = "routes[].redirect",
     .type = Type::kString,
     .help = "Where the client is sent: a path or a URL",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).redirect = v.text; },
     .check = check_redirect},
    {.path = "routes[].mcp",
     .type = Type::kString,
     .help = "Name of an MCP server, served at exactly match.path",
     .apply = [](Draft& d, const Place& p, const Value& v) {
       d.route(p).handler = "mcp";
       d.route_servers[p.indices.at(0)] = v.text;
     }},
    {.path = "routes[].auth",
     .type = Type::kEnum,
     .fallback = "default",
     .help = "default: required for mcp, none otherwise",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).auth = static_cast<edge::Auth>(v.number); },
     .choices = "default|none|required"},
    {.path = "routes[].scope",
     .type = Type::kString,
     .fallback = "",
     .help = "What the caller's key or token must allow; empty: any caller who is known",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.route(p).scope = v.text; },
     .check = check_scope},
    {.path = "routes[].body_limit",
     .type = Type::kSize,
     .help = "Largest request body; limits.body when absent",
     .apply = [](Draft& d, const Place& p, const Value& v) {
       d.route(p).body_limit = static_cast<std::uint64_t>(v.number);
     },
     .min = 0,
     .max = 1LL << 40},
    {.path = "routes[].rate_limit", .type = Type::kLater, .help = "Requests per time and client"},
    {.path = "trusted_proxies",
     .type = Type::kCidrs,
     .fallback = "[]",
     .help = "Networks whose X-Forwarded-For and Forwarded are believed",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.edge.trusted_proxies = v.cidrs; }},
    {.path = "timeouts.tls_handshake",
     .type = Type::kDuration,
     .fallback = "10s",
     .help = "From accept to the end of the TLS handshake",
     .apply = set_timeout<&edge::Timeouts::tls_handshake>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.first_byte",
     .type = Type::kDuration,
     .fallback = "10s",
     .help = "From accept to the first byte of the first request",
     .apply = set_timeout<&edge::Timeouts::first_byte>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.request_head",
     .type = Type::kDuration,
     .fallback = "10s",
     .help = "The whole request head",
     .apply = set_timeout<&edge::Timeouts::request_head>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.request_body",
     .type = Type::kDuration,
     .fallback = "30s",
     .help = "Between two pieces of a request body",
     .apply = set_timeout<&edge::Timeouts::request_body>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.response_head",
     .type = Type::kDuration,
     .fallback = "60s",
     .help = "Until the upstream begins its answer",
     .apply = set_timeout<&edge::Timeouts::response_head>,
     .min = 100,
     .max = 24 * kHour},
    {.path = "timeouts.response_body",
     .type = Type::kDuration,
     .fallback = "60s",
     .help = "Between two pieces of an answer; does not apply to text/event-stream",
     .apply = set_timeout<&edge::Timeouts::response_body>,
     .min = 100,
     .max = 24 * kHour},
    {.path = "timeouts.write",
     .type = Type::kDuration,
     .fallback = "30s",
     .help = "How long a client may take nothing of an answer",
     .apply = set_timeout<&edge::Timeouts::write>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.keep_alive",
     .type = Type::kDuration,
     .fallback = "75s",
     .help = "Between two requests of a connection",
     .apply = set_timeout<&edge::Timeouts::keep_alive>,
     .min = 100,
     .max = kHour},
    {.path = "timeouts.drain",
     .type = Type::kDuration,
     .fallback = "30s",
     .help = "How long requests may end after a stop was asked for",
     .apply = set_timeout<&edge::Timeouts::drain>,
     .min = 0,
     .max = kHour},
    {.path = "timeouts.min_rate",
     .type = Type::kSize,
     .fallback = "240B",
     .help = "Bytes per second that a body must keep up after its first 30 s",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.edge.timeouts.min_rate = static_cast<std::uint64_t>(v.number);
     },
     .min = 0,
     .max = 1 << 30},
    {.path = "limits.head",
     .type = Type::kSize,
     .fallback = "32KiB",
     .help = "Request line and header fields together",
     .apply = set_head_limit<&http::HeadLimits::head_bytes>,
     .min = 1024,
     .max = 40 * 1024},  // the edge's buffers hold this and what it adds
    {.path = "limits.target",
     .type = Type::kSize,
     .fallback = "8KiB",
     .help = "Request target",
     .apply = set_head_limit<&http::HeadLimits::target_bytes>,
     .min = 256,
     .max = 1024 * 1024},
    {.path = "limits.field",
     .type = Type::kSize,
     .fallback = "16KiB",
     .help = "One header field",
     .apply = set_head_limit<&http::HeadLimits::field_bytes>,
     .min = 256,
     .max = 1024 * 1024},
    {.path = "limits.body",
     .type = Type::kSize,
     .fallback = "10MiB",
     .help = "Request body; a route's body_limit overrides it",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.edge.limits.body_bytes = static_cast<std::uint64_t>(v.number);
     },
     .min = 0,
     .max = 1LL << 40},
    {.path = "limits.connections",
     .type = Type::kInteger,
     .fallback = "65536",
     .help = "Client connections per listener and worker; then accepting pauses",
     .apply = set_limit<&edge::Limits::connections>,
     .min = 1,
     .max = 1'000'000},
    {.path = "limits.connections_per_client",
     .type = Type::kInteger,
     .fallback = "256",
     .help = "Connections of one client address; loopback is not counted",
     .apply = set_limit<&edge::Limits::connections_per_client>,
     .min = 1,
     .max = 1'000'000},
    {.path = "limits.requests_per_connection",
     .type = Type::kInteger,
     .fallback = "0",
     .help = "Then the connection is closed; 0: no limit",
     .apply = set_limit<&edge::Limits::requests_per_connection>,
     .min = 0,
     .max = 1'000'000'000},
    {.path = "headers.keep_underscore_names",
     .type = Type::kBoolean,
     .fallback = "false",
     .help = "Forward request fields with _ in their name; some applications take them for fields with -",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.edge.keep_underscore_names = v.number != 0; }},
};

}  // namespace

std::span<const Key> edge_keys() { return kKeys; }

}  // namespace gatehouse::keys
