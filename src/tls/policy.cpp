#include "policy.h"

#include <openssl/err.h>

namespace gatehouse::tls {

namespace {

constexpr const char* kSuites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kCiphers12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kGroupsHybrid = "X25519MLKEM768:X25519:P-256:P-384";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr long kSessionSeconds = 24 * 60 * 60;
constexpr int kSecurityLevel = 2;  // 112 bits: no RSA below 2048, no SHA-1 signatures

constexpr std::uint64_t kOptions = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA;
constexpr long kModes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                        SSL_MODE_NO_AUTO_CHAIN;

bool set_groups(SSL_CTX* context, bool& post_quantum) {
  post_quantum = SSL_CTX_set1_groups_list(context, kGroupsHybrid) == 1;
  if (post_quantum) return true;
  ERR_clear_error();
  return SSL_CTX_set1_groups_list(context, kGroups) == 1;
}

}  // namespace

bool apply_policy(SSL_CTX* context, Policy policy, bool& post_quantum) {
  SSL_CTX_set_security_level(context, kSecurityLevel);
  const int oldest = policy == Policy::kModern ? TLS1_3_VERSION : TLS1_2_VERSION;
  return SSL_CTX_set_min_proto_version(context, oldest) == 1 && SSL_CTX_set_max_proto_version(context, 0) == 1 &&
         SSL_CTX_set_ciphersuites(context, kSuites13) == 1 && SSL_CTX_set_cipher_list(context, kCiphers12) == 1 &&
         set_groups(context, post_quantum);
}

void apply_modes(SSL_CTX* context, bool tickets) {
  SSL_CTX_set_options(context, kOptions | (tickets ? 0 : SSL_OP_NO_TICKET));
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_mode(context, kModes);
  SSL_CTX_set_read_ahead(context, 1);  // one system call for a record instead of two
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, tickets ? 1 : 0);
  SSL_CTX_set_timeout(context, kSessionSeconds);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
}

// RFC 7301 3.1: each name behind its length.
Result<std::string> alpn_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) return make_error("tls-context", "'" + protocol + "' is no ALPN protocol");
    wire += static_cast<char>(static_cast<unsigned char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

}  // namespace gatehouse::tls
