#include "gatehouse/tls/stream.h"

#include <openssl/err.h>
#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "gatehouse/base/check.h"
#include "gatehouse/tls/client_context.h"
#include "gatehouse/tls/context.h"
#include "client_check.h"
#include "key_updates.h"
#include "native.h"
#include "socket_bio.h"
#include "verification.h"

namespace gatehouse::tls {

namespace {

constexpr std::size_t kRecord = 16 * 1024;
constexpr std::size_t kMaxPieces = 64;  // per system call
constexpr std::size_t kMaxName = 253;

// One record from several pieces: a record costs 22 bytes and a system call, so small pieces share one.
std::span<const char> one_record(std::span<const iovec> pieces) {
  static thread_local std::array<char, kRecord> scratch;
  const iovec& first = pieces.front();
  if (pieces.size() == 1 || first.iov_len >= kRecord) {
    return {static_cast<const char*>(first.iov_base), std::min(first.iov_len, kRecord)};
  }
  std::size_t used = 0;
  for (const iovec& piece : pieces) {
    const std::size_t taken = std::min(piece.iov_len, kRecord - used);
    if (taken != 0) std::memcpy(scratch.data() + used, piece.iov_base, taken);
    used += taken;
    if (used == kRecord) break;
  }
  return {scratch.data(), used};
}

std::span<const iovec> without_empty_head(std::span<const iovec> pieces) {
  while (!pieces.empty() && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
  return pieces;
}

SSL* make_ssl(SSL_CTX* context, runtime::Descriptor& descriptor) {
  ERR_clear_error();
  SSL* const ssl = SSL_new(context);
  BIO* const bio = ssl != nullptr ? make_socket_bio(descriptor) : nullptr;
  if (bio != nullptr) SSL_set_bio(ssl, bio, bio);
  return ssl;
}

Error server_failure(const SSL* ssl) {
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (ERR_peek_error() == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    return make_error("tls-handshake", "the client left during the TLS handshake");
  std::string message = "TLS handshake: " + take_reason();
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
    message += std::string(": ") + X509_verify_cert_error_string(SSL_get_verify_result(ssl));
  return make_error(reason == SSL_R_HTTP_REQUEST ? "tls-http-request" : "tls-handshake", std::move(message));
}

bool would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

Stream::Stream(runtime::Loop& loop, UniqueFd fd, runtime::Waiter* waiter) : descriptor_(loop, std::move(fd), waiter) {}

Stream::~Stream() { SSL_free(ssl_); }

Status Stream::accept_tls(const Context& context) {
  GATEHOUSE_CHECK(ssl_ == nullptr);
  ssl_ = make_ssl(context.native(), descriptor_);
  if (ssl_ == nullptr || SSL_get_rbio(ssl_) == nullptr) return make_error("tls-context", "cannot start TLS: " + take_reason());
  verify_at(ssl_, descriptor_.loop().clock().wall());
  SSL_set_accept_state(ssl_);
  return {};
}

Status Stream::connect_tls(const ClientContext& context, std::string_view server_name) {
  GATEHOUSE_CHECK(ssl_ == nullptr);
  if (server_name.ends_with('.')) server_name.remove_suffix(1);
  const std::string name(server_name);
  if (name.size() > kMaxName || name.find('\0') != name.npos || (name.empty() && context.verifies())) {
    return make_error("tls-context", "'" + name.substr(0, kMaxName) + "' is no name of a TLS server");
  }
  ssl_ = make_ssl(context.native(), descriptor_);
  if (ssl_ == nullptr || SSL_get_rbio(ssl_) == nullptr || !expect_name(ssl_, name, descriptor_.loop().clock().wall())) {
    return make_error("tls-context", "cannot start TLS: " + take_reason());
  }
  SSL_set_connect_state(ssl_);
  return {};
}

IoState Stream::handshake(Error* error) {
  ERR_clear_error();
  read_wants_write_ = false;
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) {
    maybe_buffered_ = true;  // the first request may have come along with the client's last flight
    return IoState::kDone;
  }
  const int why = SSL_get_error(ssl_, result);
  if (why == SSL_ERROR_WANT_READ) return IoState::kWouldBlock;
  if (why == SSL_ERROR_WANT_WRITE) {
    read_wants_write_ = true;
    return IoState::kWouldBlock;
  }
  if (error != nullptr) *error = SSL_is_server(ssl_) == 1 ? server_failure(ssl_) : client_failure(ssl_);
  return failed();
}

void Stream::drop_tls() noexcept {
  SSL_free(std::exchange(ssl_, nullptr));
  failed_ = maybe_buffered_ = read_wants_write_ = write_wants_read_ = false;
}

HandshakeInfo Stream::handshake_info() const {
  HandshakeInfo info;
  if (ssl_ == nullptr) return info;
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
  info.alpn = {reinterpret_cast<const char*>(alpn), alpn_size};
  info.version = SSL_get_version(ssl_);
  info.cipher = SSL_get_cipher_name(ssl_);
  if (const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name)) info.sni = name;
  info.resumed = SSL_session_reused(ssl_) == 1;
  return info;
}

const ClientAuth* Stream::client_auth() const noexcept { return ssl_ != nullptr ? auth_of(ssl_) : nullptr; }

std::string Stream::client_certificate() const {
  return ssl_ != nullptr && SSL_is_server(ssl_) == 1 ? peer_certificate() : std::string();
}

std::string Stream::peer_certificate() const {
  X509* const shown = ssl_ != nullptr ? SSL_get0_peer_certificate(ssl_) : nullptr;
  const int size = shown != nullptr ? i2d_X509(shown, nullptr) : 0;
  std::string der(static_cast<std::size_t>(std::max(size, 0)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  if (!der.empty()) i2d_X509(shown, &out);
  return der;
}

IoResult Stream::read(std::span<char> out) {
  GATEHOUSE_CHECK(!out.empty());
  return ssl_ != nullptr ? read_tls(out) : read_plain(out);
}

IoResult Stream::write(std::span<const iovec> pieces) {
  pieces = without_empty_head(pieces);
  if (pieces.empty()) return {IoState::kDone, 0};
  return ssl_ != nullptr ? write_tls(pieces) : write_plain(pieces);
}

IoResult Stream::read_plain(std::span<char> out) {
  for (;;) {
    const ssize_t got = ::recv(descriptor_.fd(), out.data(), out.size(), 0);
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      // A short read has emptied the socket, so the next arrival makes a new edge; but a FIN makes none after the last.
      if (bytes < out.size() && !descriptor_.hangup()) descriptor_.clear_readable();
      return {IoState::kDone, bytes};
    }
    if (got == 0) return {IoState::kEnd, 0};
    if (errno == EINTR) continue;
    if (!would_block(errno)) return {IoState::kError, 0};
    descriptor_.clear_readable();
    return {IoState::kWouldBlock, 0};
  }
}

IoResult Stream::write_plain(std::span<const iovec> pieces) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), kMaxPieces);
  for (;;) {
    const ssize_t sent = ::sendmsg(descriptor_.fd(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return {IoState::kDone, static_cast<std::size_t>(sent)};
    if (errno == EINTR) continue;
    if (!would_block(errno)) return {IoState::kError, 0};
    descriptor_.clear_writable();
    return {IoState::kWouldBlock, 0};
  }
}

IoResult Stream::read_tls(std::span<char> out) {
  if (failed_) return {IoState::kError, 0};
  ERR_clear_error();
  read_wants_write_ = false;
  std::size_t bytes = 0;
  const bool got = SSL_read_ex(ssl_, out.data(), out.size(), &bytes) == 1;
  if (too_many_key_updates(ssl_)) {
    ERR_raise(ERR_LIB_SSL, SSL_R_TOO_MANY_KEY_UPDATES);
    return {failed(), 0};
  }
  if (got) {
    maybe_buffered_ = SSL_has_pending(ssl_) == 1;
    return {IoState::kDone, bytes};
  }
  switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_READ:
      maybe_buffered_ = false;  // at most a piece of a record, of no use before more arrives
      return {IoState::kWouldBlock, 0};
    case SSL_ERROR_WANT_WRITE:
      read_wants_write_ = true;
      return {IoState::kWouldBlock, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoState::kEnd, 0};
    default:
      return {failed(), 0};
  }
}

IoResult Stream::write_tls(std::span<const iovec> pieces) {
  if (failed_) return {IoState::kError, 0};
  ERR_clear_error();
  write_wants_read_ = false;
  const std::span<const char> record = one_record(pieces);
  std::size_t bytes = 0;
  if (SSL_write_ex(ssl_, record.data(), record.size(), &bytes) == 1) return {IoState::kDone, bytes};
  switch (SSL_get_error(ssl_, 0)) {
    case SSL_ERROR_WANT_WRITE:
      return {IoState::kWouldBlock, 0};
    case SSL_ERROR_WANT_READ:
      write_wants_read_ = true;
      return {IoState::kWouldBlock, 0};
    default:
      return {failed(), 0};
  }
}

IoState Stream::failed() noexcept {
  failure_ = ERR_peek_error();
  ERR_clear_error();
  failed_ = true;
  return IoState::kError;
}

std::string_view Stream::tls_failure() const noexcept {
  if (failure_ == 0 || ERR_GET_REASON(failure_) == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {};
  const char* const reason = ERR_reason_error_string(failure_);
  return reason != nullptr ? reason : "TLS error";
}

bool Stream::can_read() const noexcept {
  if (read_wants_write_) return descriptor_.writable();
  return maybe_buffered_ || descriptor_.readable();
}

bool Stream::can_write() const noexcept { return write_wants_read_ ? descriptor_.readable() : descriptor_.writable(); }

std::size_t Stream::unsent() const noexcept {
  int bytes = 0;
  return ::ioctl(descriptor_.fd(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void Stream::shutdown_write() noexcept {
  if (ssl_ != nullptr && !failed_ && SSL_is_init_finished(ssl_) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_);  // best effort: a full socket buffer loses the close_notify, and the peer sees a truncation
    ERR_clear_error();
  }
  ::shutdown(descriptor_.fd(), SHUT_WR);
}

}  // namespace gatehouse::tls
