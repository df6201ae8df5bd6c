// Heads as the edge sends them: the request to the upstream, its answer to the client, answers of our own. Written into a
// buffer of the caller, no allocation; 0 means that it does not fit. An inbound head grows by less than kHeadGrowth, plus
// what the context's own strings take.
//
// Fields that are kept stay byte-exact, in order, in their case (P-13). Removed are (P-15): Connection and what it
// nominates (Host, Date, Authorization, X-API-Key, Cookie, Set-Cookie, Mcp-Session-Id, X-Forwarded-… and what is written by
// us cannot be nominated away), Keep-Alive, Proxy-…, TE (but "trailers" is kept), Trailer (unless trailers are forwarded),
// Transfer-Encoding, Upgrade (unless the context allows it), HTTP2-Settings, Expect.
// Framing is written anew from what was parsed, so the next hop cannot read it differently.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

inline constexpr std::size_t kHeadGrowth = 4 * 1024;

inline constexpr std::uint8_t kMostHops = 10;  // a request that passed so many daemons goes in a circle: 508

// How often an OPTIONS request may still be forwarded (RFC 9110 section 7.6.2); 0: it is answered here. Nothing for other
// methods, and when the field is absent, repeated or no number.
std::optional<std::uint64_t> max_forwards(const RequestHead& head) noexcept;

struct ForwardContext {
  std::string_view peer_address;     // IP of the socket's peer (or of PROXY), no port; appended to the lists
  std::string_view client_address;   // IP after trusted proxies: client_address() below; X-Real-IP
  // The peer is a trusted proxy: its forwarding fields are kept and extended. When it sends only X-Forwarded-… or only
  // Forwarded (RFC 7239), the other is made from that; when both, each is left as it is.
  bool client_trusted = false;
  std::string_view scheme = "http";  // "http" or "https"
  std::uint16_t listener_port = 0;
  std::string_view request_id;       // empty: inbound X-Request-Id is kept
  std::string_view traceparent;      // empty: inbound traceparent is kept
  bool keep_tracestate = true;       // false when a new trace was begun; more than 32 members or 512 bytes go anyway
  bool keep_underscore_names = false;
  bool strip_credentials = false;    // Authorization and X-API-Key were meant for the daemon
  std::string_view host_override;    // empty: the client's authority
  Framing framing = Framing::kNone;  // of the body that follows
  std::uint64_t content_length = 0;
  bool upgrade = false;              // send Connection: Upgrade and the client's Upgrade field
  std::string_view extra;            // whole lines with CRLF, from the daemon
};

// Origin-form: normalised path and query, HTTP/1.1. X-Gatehouse-Hops is counted up, Max-Forwards of OPTIONS down.
// Stripped besides hop-by-hop fields: what a client could forge. From a client that is no trusted proxy: X-Forwarded-…,
// X-Real-IP, Forwarded, Remote-User, X-Remote-User, X-Original-URL, X-Rewrite-URL. From everybody: other X-Gatehouse-…,
// X-Request-Attempt, Client-Cert and Client-Cert-Chain (RFC 9440), Proxy (CGI), names with '_' (unless kept), and names with
// '_' or '.' that a CGI-like upstream would take for one of the fields above or for a framing field.
std::size_t write_request_head(std::span<char> out, const RequestHead& head, const ForwardContext& context);

// Trailers of an answer go to a client that said "TE: trailers", and nothing of them is merged into the head (P-8; RFC 9110
// section 6.5). Those of requests are dropped: no HTTP/1.1 server can say that it accepts them. Never forwarded are names
// about framing, routing, authentication, caching, conditions and content, and those that the daemon knows.
bool forwards_trailers(const RequestHead& request, const ResponseHead& head) noexcept;
// `lines` without what must not be forwarded, moved together in place.
std::string_view keep_allowed_trailers(std::span<char> lines) noexcept;

struct ResponseContext {
  std::uint8_t client_minor_version = 1;
  Method request = Method::kGet;
  Framing framing = Framing::kNone;    // towards the client: kChunked only for 1.1, kUntilClose implies close
  std::uint64_t content_length = 0;    // for kLength
  bool close = false;                  // Connection: close; a 1.0 client that is not closed gets keep-alive
  bool trailers = false;               // forwards_trailers(): keep Trailer
  bool upgrade = false;                // status 101: keep Connection: Upgrade and Upgrade
  bool strip_server = false;           // drop Server, X-Powered-By, X-AspNet-Version
  std::string_view date;               // used when the upstream sent none (RFC 9110 section 6.6.1)
  std::string_view request_id;         // empty: none is written
  std::string_view extra;              // whole lines with CRLF: security headers, Alt-Svc …
  std::span<const std::string_view> replaced;  // names that `extra` sets: the upstream's are dropped
};

// Also for 1xx: then only the status line and kept fields. HEAD and 304 keep the upstream's Content-Length (P-19).
std::size_t write_response_head(std::span<char> out, const ResponseHead& head, const ResponseContext& context);

struct OwnHead {
  int status = 200;
  std::string_view content_type;     // empty: none
  Framing framing = Framing::kLength;
  std::uint64_t content_length = 0;
  std::uint8_t client_minor_version = 1;
  bool close = false;
  std::string_view date;
  std::string_view request_id;
  std::string_view extra;
  std::span<const std::pair<std::string, std::string>> headers;  // a handler's; broken or framing ones are left out
};
std::size_t write_own_head(std::span<char> out, const OwnHead& head);

// Who the client is: the rightmost address of peer, X-Forwarded-For (or else Forwarded) that is not a trusted proxy; the
// leftmost when all are; what stands right of the first member that is not an IP address. `trusted` is asked about the
// peer too. The view points into the head or is `peer`; IPv6 without brackets.
class AddressTest {
 public:
  virtual bool trusted(std::string_view address) const = 0;

 protected:
  ~AddressTest() = default;
};
std::string_view client_address(const RequestHead& head, std::string_view peer, const AddressTest& test);

}  // namespace gatehouse::http
