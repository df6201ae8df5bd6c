// HTTP/1.1 requests of the daemon itself: Podman, ACME, webhooks, probes. Coroutines on a loop, one connection per request,
// TCP or a Unix socket, plain or TLS. The command line has a blocking client in http.h, the data plane its own in `upstream`.
//
//   client::Network network{loop, resolver};
//
//   // One request, its whole answer.
//   auto request = client::request_to("https://ca.example/directory", tls);
//   if (!request) co_return std::move(request).error();
//   auto answer = co_await client::fetch(network, *std::move(request));
//   if (answer && answer->status == 200) use(answer->body);
//
//   // An answer that arrives piece by piece.
//   auto events = co_await client::open(network, {.peer = client::unix_peer("/run/podman/podman.sock"), .target = "/events"});
//   while (events) {
//     auto piece = co_await events->read();
//     if (!piece || piece->empty()) break;
//     use(*piece);
//   }
//
//   // A byte stream in both directions (attach, exec).
//   auto call = co_await client::open(network, {.peer = podman, .method = "POST", .target = "/exec/1/start",
//                                               .body = "{}", .upgrade = "tcp"});
//   if (call && call->upgraded()) {
//     client::Tunnel tunnel = call->take_tunnel();
//     co_await tunnel.write("hello\n", 5s);
//   }
//
// Any status is an answer, not an error. Nothing is done twice: no redirect is followed, no request is repeated; every address
// of a name is tried, the next one when the last has failed or has not answered for 250 ms (RFC 8305, section 5). Interim
// answers (1xx) are passed over. A head has at most 64 KiB.
//
// Errors: "bad-url", "bad-request" (a method, target or field that HTTP does not allow, or that is ours to set), "unreachable"
// (no such name, address or socket, nobody listens), "tls-failed" (the certificate, the handshake, an alert), "timeout",
// "bad-answer" (no HTTP, cut off), "answer-too-large", "closed" (a tunnel without an end), and what `pieces` gave. After
// "bad-url" and "unreachable" nothing of the request was sent; after the others nobody knows what the peer has done.
//
// Owner: a coroutine's frame. Thread: the loop's. Stop: destroy it, at any point; the connection is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/net/address.h"
#include "gatehouse/net/resolver.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/tls/client_context.h"

namespace gatehouse::client {

inline constexpr std::chrono::milliseconds kForever = std::chrono::milliseconds::max();

// What every call stands on; both must outlive it.
struct Network {
  runtime::Loop& loop;
  net::Resolver& resolver;
};

struct Peer {
  net::Address address{};                           // host and port; or a Unix socket, by path or as "@abstract"
  std::shared_ptr<const tls::ClientContext> tls{};  // null: plain
  std::string server_name{};                        // sent as SNI and looked for in the certificate; empty: the host
  std::string authority{};                          // for Host; empty: made of the address, of a Unix socket "localhost"
};

Peer unix_peer(std::string path);

using Headers = std::vector<std::pair<std::string, std::string>>;

// The next piece of a request's body; an empty one ends it. It is asked for when the last one is sent, and destroyed, also in the
// middle, when the call is.
using Pieces = std::function<runtime::Task<Result<std::string>>()>;

struct Request {
  Peer peer{};
  std::string method = "GET";
  std::string target = "/";                        // path and query, percent-encoded
  Headers headers{};                               // besides Host, Connection, Upgrade, Content-Length, Transfer-Encoding
  std::string body{};
  Pieces pieces{};                                 // instead of `body`
  std::optional<std::uint64_t> pieces_size{};      // all of them together, when known; else they are sent chunked
  std::string upgrade{};                           // open() only: the protocol to go on with, "tcp"
  std::chrono::milliseconds deadline{30'000};      // for everything, name look-up included; of open(): until the head
  std::optional<std::chrono::milliseconds> head_deadline{};  // open() only: from the sent request to the head, instead
  std::size_t max_body = 16 * 1024 * 1024;         // fetch() only, in bytes
};

// Peer and target of an http:// or https:// URL; the latter needs `tls`. Slugs "bad-url", "tls-context".
Result<Request> request_to(std::string_view url, std::shared_ptr<const tls::ClientContext> tls = nullptr);

struct Head {
  int status = 0;
  Headers headers;

  std::string_view header(std::string_view name) const noexcept;  // case-insensitive, the first; empty when absent
};

struct Answer : Head {
  std::string body;
};

runtime::Task<Result<Answer>> fetch(Network network, Request request);

class Call;
runtime::Task<Result<Call>> open(Network network, Request request);  // up to the head of the answer

struct Connection;  // src/client/connection.h

// A step of reading that does not wait.
struct Piece {
  enum class State : std::uint8_t { kBytes, kEnd, kWouldBlock, kError };
  State state = State::kError;
  std::string_view bytes{};  // valid until the next step
};

// The raw connection behind an upgrade. Its two directions are used by one coroutine: with read() and write() in turn, or
// both at once with the functions that do not wait:
//
//   tunnel.set_waiter(&waiter);
//   for (;;) {
//     …tunnel.try_write(…), tunnel.try_read(), your other events; when there is nothing to do:
//     co_await waiter.wait();
//   }
class Tunnel {
 public:
  explicit Tunnel(std::unique_ptr<Connection> connection) noexcept;
  Tunnel(Tunnel&&) noexcept;
  Tunnel& operator=(Tunnel&&) noexcept;
  ~Tunnel();

  // What there is, at most 64 KiB; empty: the peer has ended. "timeout" when nothing came for so long.
  runtime::Task<Result<std::string_view>> read(std::chrono::milliseconds idle = kForever);
  runtime::Task<Status> write(std::string_view bytes, std::chrono::milliseconds deadline);  // all; "timeout" breaks the tunnel
  void shutdown_write() noexcept;  // the peer sees the end; reading goes on

  // Wakes `waiter` when a step may do more; null: nobody. It must be taken back before the waiter is gone.
  void set_waiter(runtime::Waiter* waiter) noexcept;
  Piece try_read();
  // How much was taken, 0: wait. What was offered once must be offered first again.
  Result<std::size_t> try_write(std::string_view bytes);
  const Error& error() const noexcept;  // after Piece::State::kError

 private:
  std::unique_ptr<Connection> connection_;
};

// An answer whose head is there. While its body is read, a request's `pieces` that are left are sent, unless the status says
// that nobody wants them (300 and above).
class Call {
 public:
  explicit Call(std::unique_ptr<Connection> connection) noexcept;
  Call(Call&&) noexcept;
  Call& operator=(Call&&) noexcept;
  ~Call();

  const Head& head() const noexcept;

  // The next piece, valid until the next call; empty: the body has ended. "timeout" when nothing came for so long.
  runtime::Task<Result<std::string_view>> read(std::chrono::milliseconds idle = kForever);
  runtime::Task<Result<std::string>> read_all(std::size_t max_body, std::chrono::milliseconds deadline);

  void set_waiter(runtime::Waiter* waiter) noexcept;  // as in Tunnel
  Piece try_read();
  const Error& error() const noexcept;

  // 101 with the protocol that was asked for, or what Podman says instead: 200 and no framing.
  bool upgraded() const noexcept;
  Tunnel take_tunnel();  // once, and only when upgraded(); bytes behind the head come first

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace gatehouse::client
