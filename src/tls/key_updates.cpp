#include "key_updates.h"

#include <cstdint>

namespace gatehouse::tls {

namespace {

constexpr std::uint64_t kFree = 16;
constexpr std::uint64_t kBytesForOneMore = 64 * 1024;

// The count itself, in place of a pointer.
int index() {
  static const int made = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return made;
}

std::uintptr_t count_of(const SSL* ssl) { return reinterpret_cast<std::uintptr_t>(SSL_get_ex_data(ssl, index())); }

void on_message(int sent, int, int type, const void* bytes, std::size_t size, SSL* ssl, void*) {
  if (sent != 0 || type != SSL3_RT_HANDSHAKE || size == 0) return;
  if (*static_cast<const unsigned char*>(bytes) != SSL3_MT_KEY_UPDATE) return;
  SSL_set_ex_data(ssl, index(), reinterpret_cast<void*>(count_of(ssl) + 1));
}

}  // namespace

void count_key_updates(SSL_CTX* context) { SSL_CTX_set_msg_callback(context, on_message); }

bool too_many_key_updates(SSL* ssl) noexcept {
  const std::uintptr_t count = count_of(ssl);
  return count > kFree && count > kFree + BIO_number_read(SSL_get_rbio(ssl)) / kBytesForOneMore;
}

}  // namespace gatehouse::tls
