#include "socket_bio.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace gatehouse::tls {

namespace {

constexpr std::size_t kHelloLimit = 16 * 1024;

runtime::Descriptor& descriptor_of(BIO* bio) { return *static_cast<runtime::Descriptor*>(BIO_get_data(bio)); }

constexpr int kFine = 0, kIncomplete = -1;

// What OpenSSL must not see: an announcement of more than we take, for which it makes room at once (up to 128 KiB), and a
// hello in the form of SSL 2. Gives a reason to refuse it, or one of the above.
int judge(const unsigned char* bytes, std::size_t size) {
  constexpr std::size_t kRecordHead = 5, kMessageHead = 4;
  if (size == 0) return kIncomplete;
  if ((bytes[0] & 0x80) != 0) return SSL_R_UNSUPPORTED_PROTOCOL;
  if (bytes[0] != SSL3_RT_HANDSHAKE) return kFine;  // for OpenSSL to refuse
  if (size < kRecordHead) return kIncomplete;
  if (std::size_t{bytes[3]} * 256 + bytes[4] < kMessageHead) return SSL_R_LENGTH_TOO_SHORT;  // hides the size in another record
  if (size == kRecordHead) return kIncomplete;
  if (bytes[5] != SSL3_MT_CLIENT_HELLO) return kFine;
  if (size < kRecordHead + kMessageHead) return kIncomplete;
  const std::size_t announced = (std::size_t{bytes[6]} << 16) + (std::size_t{bytes[7]} << 8) + bytes[8];
  return announced < kHelloLimit ? kFine : SSL_R_EXCESSIVE_MESSAGE_SIZE;
}

int judge_beginning(const runtime::Descriptor& descriptor) {
  std::array<unsigned char, 9> bytes;
  const ssize_t got = ::recv(descriptor.fd(), bytes.data(), bytes.size(), MSG_PEEK);
  if (got <= 0) return kFine;  // the read that follows says why
  const int reason = judge(bytes.data(), static_cast<std::size_t>(got));
  return reason == kIncomplete && descriptor.hangup() ? kFine : reason;  // nothing more will come
}

int read_socket(BIO* bio, char* out, int size) {
  runtime::Descriptor& descriptor = descriptor_of(bio);
  BIO_clear_retry_flags(bio);
  if (!descriptor.readable()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const int reason = BIO_number_read(bio) == 0 ? judge_beginning(descriptor) : kFine;
  if (reason == kIncomplete) {
    descriptor.clear_readable();
    BIO_set_retry_read(bio);
  } else if (reason != kFine) {
    ERR_raise(ERR_LIB_SSL, reason);
  }
  if (reason != kFine) return -1;
  ssize_t got = 0;
  do {
    got = ::recv(descriptor.fd(), out, static_cast<std::size_t>(size), 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) {
    if (got < size && !descriptor.hangup()) descriptor.clear_readable();
    return static_cast<int>(got);
  }
  if (got == 0) {
    BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
    descriptor.clear_readable();
    BIO_set_retry_read(bio);
  }
  return static_cast<int>(got);
}

int write_socket(BIO* bio, const char* bytes, int size) {
  runtime::Descriptor& descriptor = descriptor_of(bio);
  BIO_clear_retry_flags(bio);
  if (!descriptor.writable()) {
    BIO_set_retry_write(bio);
    return -1;
  }
  ssize_t sent = 0;
  do {
    sent = ::send(descriptor.fd(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    descriptor.clear_writable();
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(sent);
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* method() {
  static BIO_METHOD* const shared = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "gatehouse socket");
    BIO_meth_set_read(made, read_socket);
    BIO_meth_set_write(made, write_socket);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, create);
    return made;
  }();
  return shared;
}

}  // namespace

BIO* make_socket_bio(runtime::Descriptor& descriptor) {
  BIO* const bio = BIO_new(method());
  if (bio != nullptr) BIO_set_data(bio, &descriptor);
  return bio;
}

}  // namespace gatehouse::tls
