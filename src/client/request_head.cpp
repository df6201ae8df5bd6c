#include "request_head.h"

#include <algorithm>

#include "gatehouse/base/build.h"
#include "gatehouse/http/message.h"
#include "gatehouse/http/target.h"
#include "gatehouse/http/url.h"

namespace gatehouse::client {

namespace {

constexpr std::string_view kTchars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kOurs[] = {"Host", "Connection", "Upgrade", "Content-Length", "Transfer-Encoding"};

Error bad(std::string_view what, std::string_view text) {
  return make_error("bad-request", std::string(what) + " '" + std::string(text.substr(0, 100)) + "'");
}

bool is_token(std::string_view text) { return !text.empty() && text.find_first_not_of(kTchars) == text.npos; }

bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

bool is_value_char(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'); }

bool is_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), is_visible) && text.find('#') == text.npos;
}

bool is_ours(std::string_view name) {
  return std::any_of(std::begin(kOurs), std::end(kOurs), [&](auto own) { return http::equals_ignoring_case(own, name); });
}

bool has(const Headers& headers, std::string_view name) {
  const auto is_it = [name](const auto& field) { return http::equals_ignoring_case(field.first, name); };
  return std::any_of(headers.begin(), headers.end(), is_it);
}

std::string authority_of(const Peer& peer) {
  if (!peer.authority.empty()) return peer.authority;
  if (peer.address.is_unix) return "localhost";
  std::string text = peer.address.to_string();
  const std::string usual = peer.tls != nullptr ? ":443" : ":80";
  if (text.ends_with(usual)) text.resize(text.size() - usual.size());
  return text;
}

std::string content_length(std::uint64_t bytes) { return "Content-Length: " + std::to_string(bytes) + "\r\n"; }

Status check_headers(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_token(name)) return bad("no name of a field:", name);
    if (is_ours(name)) return bad("a field that the client sets itself:", name);
    // The value may be a secret, and is not shown.
    if (!std::all_of(value.begin(), value.end(), is_value_char)) return bad("a control byte in the field", name);
  }
  return {};
}

}  // namespace

Peer unix_peer(std::string path) { return {.address = {.host = std::move(path), .is_unix = true}}; }

Result<Request> request_to(std::string_view text, std::shared_ptr<const tls::ClientContext> tls) {
  auto url = http::parse_url(text);
  if (!url) return std::move(url).error();
  if (url->tls && tls == nullptr) return make_error("tls-context", "'" + std::string(text) + "' needs a TLS context");
  Request request;
  request.peer.address = std::move(url->address);
  request.peer.authority = std::move(url->authority);
  if (url->tls) request.peer.tls = std::move(tls);
  request.target = std::move(url->target);
  return request;
}

std::string name_of(const Peer& peer) { return peer.address.is_unix ? peer.address.host : peer.address.to_string(); }

Status check_request(const Request& request) {
  std::string_view host, port;
  if (!is_token(request.method) || request.method == "CONNECT") return bad("no method to ask with:", request.method);
  if (!is_target(request.target)) return bad("no target:", request.target);
  if (!http::split_authority(authority_of(request.peer), host, port)) return bad("no host:", authority_of(request.peer));
  if (!request.upgrade.empty() && !is_token(request.upgrade)) return bad("no protocol:", request.upgrade);
  if (request.pieces && !request.body.empty()) return make_error("bad-request", "a body, and pieces of another one");
  return check_headers(request.headers);
}

std::string request_head(const Request& request) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + authority_of(request.peer) + "\r\n";
  if (!has(request.headers, "User-Agent")) head.append("User-Agent: gatehouse/").append(version()).append("\r\n");
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  head += request.upgrade.empty() ? "Connection: close\r\n" : "Connection: Upgrade\r\nUpgrade: " + request.upgrade + "\r\n";
  const bool expects_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.pieces) {
    head += request.pieces_size ? content_length(*request.pieces_size) : "Transfer-Encoding: chunked\r\n";
  } else if (!request.body.empty() || expects_body) {
    head += content_length(request.body.size());
  }
  return head + "\r\n";
}

}  // namespace gatehouse::client
