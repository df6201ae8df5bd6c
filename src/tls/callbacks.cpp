// OpenSSL's questions during a handshake, in the order in which it asks them.
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include <span>

#include "challenge_hello.h"
#include "client_check.h"
#include "context_data.h"

namespace gatehouse::tls {

namespace {

constexpr std::size_t kNameLimit = 255;

// RFC 6066 3: a list with one entry of type host_name. Anything else is left to OpenSSL, which refuses it later.
std::string_view server_name(SSL* ssl) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &bytes, &size) != 1 || size < 5) return {};
  const std::size_t name = (std::size_t{bytes[3]} << 8) | bytes[4];
  if (bytes[2] != TLSEXT_NAMETYPE_host_name || name + 5 != size) return {};
  return {reinterpret_cast<const char*>(bytes) + 5, name};
}

int on_challenge(SSL* ssl, const ContextData& data, const std::string& name, int* alert) {
  auto certificate = data.settings.challenges != nullptr ? data.settings.challenges->find(name) : nullptr;
  if (certificate != nullptr && begin_challenge(ssl, std::move(certificate))) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

// Before OpenSSL looks at a ticket: the name decides on the session-id context, and so on what may be resumed.
int on_client_hello(SSL* ssl, int* alert, void*) {
  const ContextData& data = data_of(SSL_get_SSL_CTX(ssl));
  const std::string_view sent = server_name(ssl);
  if (sent.size() > kNameLimit || sent.find('\0') != std::string_view::npos) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;
  }
  const std::string name = normal_name(sent);
  if (offers_challenge(ssl)) return on_challenge(ssl, data, name, alert);
  const Slot* slot = name.empty() ? nullptr : data.find(name);
  if (slot == nullptr && !name.empty() && data.settings.missing) data.settings.missing(name);
  if (slot == nullptr && data.settings.reject_unknown_names) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (slot == nullptr) slot = data.fallback;
  SSL_set_app_data(ssl, const_cast<Slot*>(slot));
  const ClientAuth* const auth = data.client_auth(name);
  const SessionIdContext context = session_id_context(*slot, auth);
  const bool set = ask_client(ssl, auth) && SSL_set_session_id_context(ssl, context.data(), context.size()) == 1;
  return set ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

// Full handshakes only.
int on_certificate(SSL* ssl, void*) {
  const auto* slot = static_cast<const Slot*>(SSL_get_app_data(ssl));
  if (slot == nullptr) return 0;
  SSL_certs_clear(ssl);
  for (const auto& certificate : slot->certificates) {
    const Certificate::Native& native = certificate->native();
    if (SSL_use_cert_and_key(ssl, native.leaf.get(), native.key.get(), native.chain.get(), 1) != 1) return 0;
  }
  return 1;
}

int on_server_name(SSL* ssl, int*, void*) {
  const auto* slot = static_cast<const Slot*>(SSL_get_app_data(ssl));
  return slot != nullptr && slot != data_of(SSL_get_SSL_CTX(ssl)).fallback ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned offered_size,
            void*) {
  if (is_challenge(ssl)) {  // what it offers is all that it offers
    *out = offered + 1;
    *out_size = offered[0];
    return SSL_TLSEXT_ERR_OK;
  }
  const std::string& ours = data_of(SSL_get_SSL_CTX(ssl)).alpn;
  if (ours.empty()) return SSL_TLSEXT_ERR_NOACK;
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool start_ticket(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool encrypt) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv, encrypt ? 1 : 0) == 1 &&
         EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt) {
  constexpr std::size_t kBlock = 16;
  TicketKeys& keys = *data_of(SSL_get_SSL_CTX(ssl)).settings.ticket_keys;
  if (encrypt != 0) {
    const TicketKey key = keys.newest();
    std::copy(key.name.begin(), key.name.end(), name);
    keys.fill_random({iv, kBlock});
    return start_ticket(key, iv, cipher, mac, true) ? 1 : -1;
  }
  const auto found = keys.find(std::span<const std::uint8_t, 16>(name, 16));
  if (!found) return 0;
  if (!start_ticket(found->key, iv, cipher, mac, false)) return -1;
  return found->newest ? 1 : 2;  // 2: and give the client a new one
}

// A certificate that was good when the ticket was made may have expired since: then a full handshake, which asks for it again.
SSL_TICKET_RETURN on_opened_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t, SSL_TICKET_STATUS status,
                                   void*) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) return SSL_TICKET_RETURN_IGNORE_RENEW;
  X509* const shown = SSL_SESSION_get0_peer(session);
  if (shown != nullptr && !still_valid(shown, data_of(SSL_get_SSL_CTX(ssl)).settings.ticket_keys->wall()))
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace

void install_callbacks(SSL_CTX* context) {
  const ContextData& data = data_of(context);
  SSL_CTX_set_client_hello_cb(context, on_client_hello, nullptr);
  SSL_CTX_set_cert_cb(context, on_certificate, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_alpn_select_cb(context, on_alpn, nullptr);
  if (data.settings.ticket_keys == nullptr) return;
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
  SSL_CTX_set_session_ticket_cb(context, nullptr, on_opened_ticket, nullptr);
}

}  // namespace gatehouse::tls
