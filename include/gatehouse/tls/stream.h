// Stream: a byte stream on a descriptor, plain or TLS, for one coroutine. TLS works on the descriptor itself (no buffers
// in between), and its buffers are released while idle.
//
// Calls never block. After kWouldBlock wait until can_read() / can_write() says true:
//
//   for (;;) {
//     auto got = stream.read(buffer);
//     if (got.state != IoState::kWouldBlock) break;
//     while (!stream.can_read() && !timer.expired()) co_await waiter.wait();
//   }
//
// A TLS write that would block has already sealed its bytes: the next write must begin with the same bytes (they may lie
// elsewhere, and more may follow).
//
// Owner: a connection. Thread: its loop. Stop: destructor closes the descriptor (a TLS close_notify is sent by
// shutdown_write()).
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/loop.h"

struct ssl_st;
typedef struct ssl_st SSL;
struct ssl_ctx_st;
typedef struct ssl_ctx_st SSL_CTX;

namespace gatehouse::tls {

class Context;
class ClientAuth;
class ClientContext;

enum class IoState : std::uint8_t {
  kDone,        // `bytes` > 0 were moved
  kWouldBlock,
  kEnd,         // read: the peer ended cleanly (FIN; with TLS: close_notify)
  kError,       // reset, TLS alert, or FIN without close_notify (truncation)
};

struct IoResult {
  IoState state = IoState::kError;
  std::size_t bytes = 0;
};

// What the client offered and got; filled when the handshake is done.
struct HandshakeInfo {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;
  std::string_view alpn;     // "http/1.1", or empty
  std::string_view sni;      // valid as long as the stream
  bool resumed = false;
};

class Stream {
 public:
  Stream(runtime::Loop& loop, UniqueFd fd, runtime::Waiter* waiter);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // Turns the plain stream into the server side of TLS; then call handshake() until it is not kWouldBlock.
  Status accept_tls(const Context& context);
  // The client side. The name, which may be an IP literal, is sent as SNI and must stand in the peer's certificate. Only on a
  // socket that is connected; then handshake(), whose error is "tls-failed" with OpenSSL's reason and the certificate.
  Status connect_tls(const ClientContext& context, std::string_view server_name);
  IoState handshake(Error* error);  // kDone or kError end it; `error` may be null. Slugs: "tls-handshake", "tls-http-request"
                                    // (plain HTTP came instead)
  void drop_tls() noexcept;         // after "tls-http-request": the stream is plain again, to say so
  HandshakeInfo handshake_info() const;
  bool secure() const noexcept { return ssl_ != nullptr; }
  // The rule under which the client was asked for a certificate, null when it was not; and what it showed, as DER, empty for
  // nothing. Valid as long as the stream.
  const ClientAuth* client_auth() const noexcept;
  std::string client_certificate() const;
  std::string peer_certificate() const;  // the same for either side: what the other one showed
  // Why TLS broke off after the handshake ("tlsv13 alert certificate required"); empty when it was not TLS.
  std::string_view tls_failure() const noexcept;

  IoResult read(std::span<char> out);               // `out` is not empty
  IoResult write(std::span<const iovec> pieces);    // may move less than all; TLS: one record, at most 16 KiB

  bool can_read() const noexcept;   // a read may make progress (bytes buffered by TLS count)
  bool can_write() const noexcept;
  bool hangup() const noexcept { return descriptor_.hangup(); }  // the peer closed its side; bytes may still be unread

  // Bytes that were written and not yet acknowledged by the peer. A large send buffer is "writable" only when a third of it is
  // free: who wants to know whether a slow peer takes anything at all looks here.
  std::size_t unsent() const noexcept;

  void shutdown_write() noexcept;   // close_notify and FIN
  void set_waiter(runtime::Waiter* waiter) noexcept { descriptor_.set_waiter(waiter); }
  int fd() const noexcept { return descriptor_.fd(); }

 private:
  IoResult read_plain(std::span<char> out);
  IoResult read_tls(std::span<char> out);
  IoResult write_plain(std::span<const iovec> pieces);
  IoResult write_tls(std::span<const iovec> pieces);
  IoState failed() noexcept;

  runtime::Descriptor descriptor_;
  SSL* ssl_ = nullptr;
  bool maybe_buffered_ = false;    // TLS holds bytes that it has not given out
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool failed_ = false;            // after a TLS error nothing may be sent any more
  unsigned long failure_ = 0;      // OpenSSL's code of that error
};

}  // namespace gatehouse::tls
