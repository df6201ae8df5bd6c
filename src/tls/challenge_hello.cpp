#include "challenge_hello.h"

#include <openssl/sha.h>

#include <string>

#include "gatehouse/tls/challenges.h"

namespace gatehouse::tls {

namespace {

void free_slot(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Slot*>(pointer); }

// The slot of the challenge; owned by the SSL, because the challenge may end before the handshake does.
int index() {
  static const int made = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_slot);
  return made;
}

}  // namespace

bool offers_challenge(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  constexpr int kAlpn = TLSEXT_TYPE_application_layer_protocol_negotiation;
  if (SSL_client_hello_get0_ext(ssl, kAlpn, &bytes, &size) != 1) return false;
  std::string wanted{'\0', static_cast<char>(kChallengeProtocol.size() + 1), static_cast<char>(kChallengeProtocol.size())};
  wanted += kChallengeProtocol;
  return std::string_view(reinterpret_cast<const char*>(bytes), size) == wanted;
}

bool begin_challenge(SSL* ssl, std::shared_ptr<const Certificate> certificate) {
  auto slot = std::make_unique<Slot>();
  slot->certificates.push_back(std::move(certificate));
  const auto* protocol = reinterpret_cast<const unsigned char*>(kChallengeProtocol.data());
  SHA256(protocol, kChallengeProtocol.size(), slot->session_id_context.data());
  if (SSL_set_ex_data(ssl, index(), slot.get()) != 1) return false;
  SSL_set_app_data(ssl, slot.get());
  const SessionIdContext& context = slot.release()->session_id_context;
  SSL_set_options(ssl, SSL_OP_NO_TICKET);
  return SSL_set_num_tickets(ssl, 0) == 1 && SSL_set_session_id_context(ssl, context.data(), context.size()) == 1;
}

bool is_challenge(const SSL* ssl) noexcept { return SSL_get_ex_data(ssl, index()) != nullptr; }

}  // namespace gatehouse::tls
