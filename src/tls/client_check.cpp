#include "client_check.h"

#include <openssl/err.h>

#include "native.h"

namespace gatehouse::tls {

namespace {

int index() {
  static const int made = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return made;
}

std::time_t seconds_of(runtime::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// The trusted authority itself needs no list: whoever does not trust it any more takes it out of the bundle.
int spare_the_trusted(int ok, X509_STORE_CTX* store) {
  if (ok == 1 || X509_STORE_CTX_get_error(store) != X509_V_ERR_UNABLE_TO_GET_CRL) return ok;
  if (X509_STORE_CTX_get_error_depth(store) != sk_X509_num(X509_STORE_CTX_get0_chain(store)) - 1) return 0;
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

}  // namespace

bool ask_client(SSL* ssl, const ClientAuth* auth) {
  if (auth == nullptr) return true;
  const ClientAuth::Native& native = auth->native();
  const int required = native.mode == ClientAuthMode::kRequire ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_set_verify(ssl, SSL_VERIFY_PEER | required, spare_the_trusted);
  SSL_set_verify_depth(ssl, native.depth);
  STACK_OF(X509_NAME)* const names = SSL_dup_CA_list(native.names.get());
  if (names == nullptr || SSL_set1_verify_cert_store(ssl, native.store.get()) != 1) return false;
  SSL_set_client_CA_list(ssl, names);
  return SSL_set_ex_data(ssl, index(), const_cast<ClientAuth*>(auth)) == 1;
}

const ClientAuth* auth_of(const SSL* ssl) noexcept { return static_cast<const ClientAuth*>(SSL_get_ex_data(ssl, index())); }

void verify_at(SSL* ssl, runtime::WallTime now) { X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl), seconds_of(now)); }

bool still_valid(X509* certificate, runtime::WallTime now) noexcept {
  std::time_t at = seconds_of(now);
  return X509_cmp_time(X509_get0_notAfter(certificate), &at) > 0;
}

}  // namespace gatehouse::tls
