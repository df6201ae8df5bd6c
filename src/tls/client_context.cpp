#include "gatehouse/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "native.h"
#include "policy.h"
#include "verification.h"

namespace gatehouse::tls {

namespace {

Status trust_file(SSL_CTX* context, const std::string& path) {
  if (SSL_CTX_load_verify_file(context, path.c_str()) == 1) return {};
  const unsigned long code = ERR_peek_error();
  const std::string reason = take_reason();
  if (ERR_SYSTEM_ERROR(code)) return system_error("ca-unreadable", "cannot read " + path, ERR_GET_REASON(code));
  return make_error("ca-unreadable", "cannot read certificates from " + path + ": " + reason);
}

Status trust_pem(SSL_CTX* context, const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  int found = 0;
  for (;;) {
    const X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) break;
    ++found;
  }
  const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_reason();
  if (end && found > 0) return {};
  return make_error("ca-unreadable", "the certificates of the CA are not PEM: " + reason);
}

Status trust(SSL_CTX* context, const ClientSettings& settings) {
  if (settings.insecure) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  explain_verification(context);
  if (settings.ca_file.empty() && settings.ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return make_error("ca-unreadable", "cannot read the system's certificates: " + take_reason());
  }
  // What stands in a bundle is trusted itself, root or not.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  if (!settings.ca_file.empty()) {
    if (Status read = trust_file(context, settings.ca_file); !read) return read;
  }
  return settings.ca_pem.empty() ? Status() : trust_pem(context, settings.ca_pem);
}

bool show(SSL_CTX* context, const Certificate& certificate) {
  const Certificate::Native& native = certificate.native();
  return SSL_CTX_use_cert_and_key(context, native.leaf.get(), native.key.get(), native.chain.get(), 1) == 1;
}

bool offer(SSL_CTX* context, const std::string& alpn) {
  return alpn.empty() || SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(alpn.data()),
                                                 static_cast<unsigned>(alpn.size())) == 0;
}

}  // namespace

Result<std::shared_ptr<const ClientContext>> ClientContext::build(ClientSettings settings) {
  auto alpn = alpn_wire(settings.protocols);
  if (!alpn) return std::move(alpn).error();
  ERR_clear_error();
  ContextPtr native(SSL_CTX_new(TLS_client_method()));
  bool post_quantum = false;
  if (!native || !apply_policy(native.get(), settings.policy, post_quantum) || !offer(native.get(), *alpn) ||
      (settings.certificate != nullptr && !show(native.get(), *settings.certificate))) {
    return make_error("tls-context", "cannot set up TLS: " + take_reason());
  }
  apply_modes(native.get(), false);
  if (Status trusted = trust(native.get(), settings); !trusted) return std::move(trusted).error();
  return std::shared_ptr<const ClientContext>(std::make_shared<ClientContext>(native.release()));
}

ClientContext::~ClientContext() { SSL_CTX_free(native_); }

bool ClientContext::verifies() const noexcept { return SSL_CTX_get_verify_mode(native_) != SSL_VERIFY_NONE; }

}  // namespace gatehouse::tls
