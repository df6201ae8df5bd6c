#include "socket_bio.h"

#include <sys/socket.h>

#include <cerrno>

namespace gatehouse::tls {

namespace {

runtime::Descriptor& descriptor_of(BIO* bio) { return *static_cast<runtime::Descriptor*>(BIO_get_data(bio)); }

int read_socket(BIO* bio, char* out, int size) {
  runtime::Descriptor& descriptor = descriptor_of(bio);
  BIO_clear_retry_flags(bio);
  if (!descriptor.readable()) {
    BIO_set_retry_read(bio);
    return -1;
  }
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
