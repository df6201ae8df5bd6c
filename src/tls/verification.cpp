#include "verification.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "certificate_text.h"
#include "native.h"

namespace gatehouse::tls {

namespace {

constexpr std::size_t kMaxNames = 5;  // of a certificate, in a message

// What was expected of the peer, and why it was not met; owned by the SSL.
struct Verification {
  std::string name;
  Error refusal;
};

void free_verification(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Verification*>(pointer); }

int verification_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_verification);
  return index;
}

Verification& verification_of(const SSL* ssl) {
  return *static_cast<Verification*>(SSL_get_ex_data(ssl, verification_index()));
}

Error refusal(const std::string& message, std::string help = {}) {
  return make_error("tls-failed", "TLS: " + message, std::move(help));
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kMaxNames; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMaxNames) text += ", …";
  return text.empty() ? "no name" : text;
}

Error why_refused(X509_STORE_CTX* store, const std::string& name) {
  const int code = X509_STORE_CTX_get_error(store);
  X509* const leaf = X509_STORE_CTX_get0_cert(store);
  if (code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return refusal("the certificate of " + subject_of(leaf) + " is for " + joined(names_of(leaf)) + ", not for " + name);
  }
  X509* const at_fault = X509_STORE_CTX_get_current_cert(store);
  X509* const shown = at_fault != nullptr ? at_fault : leaf;
  const std::string message = std::string(X509_verify_cert_error_string(code)) + " (the certificate of " + subject_of(shown);
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return refusal(message + " expired on " + date_of(X509_get0_notAfter(shown)) + ")");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return refusal(message + " is valid from " + date_of(X509_get0_notBefore(shown)) + ")",
                     "is the clock of this machine right?");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return refusal(message + ", issued by " + issuer_of(shown) + ")",
                     "to trust its issuer, give the issuer's certificate as CA file");
    default:
      return refusal(message + ")");
  }
}

int verify(X509_STORE_CTX* store, void*) {
  if (X509_verify_cert(store) == 1) return 1;
  const auto* const ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Verification& verification = verification_of(ssl);
  verification.refusal = why_refused(store, verification.name);
  return 0;
}

bool keep_name(SSL* ssl, const std::string& name) {
  auto verification = std::make_unique<Verification>(Verification{name, {}});
  if (SSL_set_ex_data(ssl, verification_index(), verification.get()) != 1) return false;
  verification.release();
  return true;
}

}  // namespace

void explain_verification(SSL_CTX* context) { SSL_CTX_set_cert_verify_callback(context, verify, nullptr); }

bool expect_name(SSL* ssl, const std::string& name, runtime::WallTime now) {
  if (!keep_name(ssl, name)) return false;
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (name.empty()) return true;
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1) return true;
  ERR_clear_error();
  return X509_VERIFY_PARAM_set1_host(parameters, name.data(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

Error client_failure(SSL* ssl) {
  const bool gone = ERR_peek_error() == 0 || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  const std::string reason = take_reason();
  if (const Error& refused = verification_of(ssl).refusal; !refused.slug.empty()) return refused;
  return make_error("tls-failed", gone ? "the connection was closed during the TLS handshake" : "TLS handshake: " + reason);
}

}  // namespace gatehouse::tls
