// One HTTP request to a peer that we chose ourselves (the daemon's own socket, an MCP server, a hook), and its whole
// answer. For the command line and control work: one connection per request, HTTP/1.1, readable before fast. The data
// plane has its own client in `upstream`.
//
//   client::HttpRequest request{.url = "http://gatehouse/admin/status", .unix_socket = "/run/gatehouse/admin.sock"};
//   Result<client::HttpAnswer> answer = client::request(request);
//
// Any status is an answer, not an error. Redirects are not followed. Errors: "bad-url", "unreachable" (nobody listens,
// no such name or socket, no connection in time), "timeout" (connected, and no whole answer in time), "tls-failed" (the
// certificate, or the handshake), "bad-answer" (no HTTP, cut off, head over 64 KiB), "answer-too-large", "interrupted".
// Thread: any; BLOCKS until the answer is complete or the deadline has passed. Owner: nobody; nothing to stop.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::client {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Trust {
  bool verify = true;   // chain and name of the peer's certificate
  std::string ca_file;  // PEM; empty: the system's
};

struct HttpAnswer {
  int status = 0;
  Headers headers;
  std::string body;  // empty when HttpRequest::on_body took it

  std::string_view header(std::string_view name) const noexcept;  // case-insensitive, the first; empty when absent
};

struct HttpRequest {
  std::string url;          // http:// or https://, host, optional port, path, query; no user name, no fragment
  std::string unix_socket;  // connect here instead; the url then only gives Host and target. "@name": abstract
  std::string method = "GET";
  Headers headers;          // besides Host, User-Agent, Connection, Content-Length
  std::string body;
  Trust trust;
  std::chrono::milliseconds deadline{30'000};     // for all of it, name look-up included
  std::size_t max_body = 16 * 1024 * 1024;        // bytes
  int interrupt = -1;                             // a descriptor; once it is readable, the exchange ends: "interrupted"
  // Takes the body piece by piece as it arrives (event streams); false ends the exchange, which then is a success.
  // The answer has its status and headers already. `max_body` holds here too.
  std::function<bool(const HttpAnswer& answer, std::string_view piece)> on_body;
};

Result<HttpAnswer> request(const HttpRequest& request);

}  // namespace gatehouse::client
