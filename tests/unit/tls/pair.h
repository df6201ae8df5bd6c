// One TLS connection over a socket pair: our server against OpenSSL's own client, both on the test's thread.
#pragma once

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/manual_clock.h"
#include "fakes/test_ca.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/stream.h"
#include "native.h"

namespace gatehouse::tls {

using SessionPtr = std::unique_ptr<SSL_SESSION, Deleter<SSL_SESSION_free>>;
using ConnectionPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;

inline const runtime::WallTime kNow = fakes::ManualClock().wall();

inline std::shared_ptr<const Certificate> certificate_of(const fakes::TestCa::Pem& pem) {
  auto parsed = Certificate::parse(pem.chain, pem.key, kNow);
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *std::move(parsed) : nullptr;
}

inline std::shared_ptr<const Context> context_of(ContextSettings settings) {
  auto built = Context::build(std::move(settings));
  EXPECT_TRUE(built) << built.error().message;
  return built ? *std::move(built) : nullptr;
}

struct ClientOptions {
  std::string sni{};                     // empty: none
  std::string alpn{};                    // "h2,http/1.1"; empty: not offered
  int min_version = TLS1_2_VERSION;
  int max_version = 0;
  std::string ciphers{};                 // of TLS 1.2
  std::string signatures{};              // "RSA-PSS+SHA256"
  SSL_SESSION* session = nullptr;        // to resume
  const fakes::TestCa::Pem* certificate = nullptr;
};

class Pair {
 public:
  Pair() : loop(clock) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    server.emplace(loop, UniqueFd(pair[0]), nullptr);
    client_fd = UniqueFd(pair[1]);
  }
  Pair(const Context& context, const ClientOptions& options) : Pair() {
    EXPECT_TRUE(server->accept_tls(context));
    start_client(options);
    handshake();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    if (client) SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else its session cannot be resumed
    ERR_clear_error();
  }

  void start_client(const ClientOptions& options);
  void handshake();  // until both sides are done, or one has failed

  bool ok() const { return server_state == IoState::kDone && connected; }
  // The alert that the client got, or 0.
  int alert() const { return client_reason > SSL_AD_REASON_OFFSET ? client_reason - SSL_AD_REASON_OFFSET : 0; }
  std::string served() const;          // the common name of the server's certificate; empty: it showed none
  std::string served_key() const;      // "EC" or "RSA"
  std::string client_alpn() const;
  bool resumed() const { return ok() && SSL_session_reused(client.get()) == 1 && server->handshake_info().resumed; }
  SessionPtr session();                // with TLS 1.3 the ticket comes behind the handshake: this reads it
  void send_raw(std::string_view bytes) {
    EXPECT_EQ(::send(client_fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void turn() { loop.run_for_test(std::chrono::milliseconds(1)); }
  std::string receive_raw();           // what lies in the client's socket
  IoResult read() {  // as a session does: again while more may come
    turn();
    IoResult got = server->read(buffer);
    for (int i = 0; i < 100 && got.state == IoState::kWouldBlock && server->can_read(); ++i) got = server->read(buffer);
    return got;
  }

  fakes::ManualClock clock;
  runtime::Loop loop;
  UniqueFd client_fd;
  std::optional<Stream> server;
  ContextPtr client_context;
  ConnectionPtr client;
  IoState server_state = IoState::kWouldBlock;
  Error server_error;
  bool connected = false;
  int client_reason = 0;
  char buffer[16384];
};

inline void Pair::start_client(const ClientOptions& options) {
  client_context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(client_context.get(), 0);
  SSL_CTX_set_min_proto_version(client_context.get(), options.min_version);
  SSL_CTX_set_max_proto_version(client_context.get(), options.max_version);
  if (!options.ciphers.empty()) {
    EXPECT_EQ(SSL_CTX_set_cipher_list(client_context.get(), options.ciphers.c_str()), 1);
  }
  if (!options.signatures.empty()) {
    EXPECT_EQ(SSL_CTX_set1_sigalgs_list(client_context.get(), options.signatures.c_str()), 1);
  }
  client.reset(SSL_new(client_context.get()));
  SSL_set_fd(client.get(), client_fd.get());
  SSL_set_connect_state(client.get());
  if (!options.sni.empty()) SSL_set_tlsext_host_name(client.get(), options.sni.c_str());
  if (!options.alpn.empty()) {
    std::string wire;
    for (std::size_t begin = 0; begin <= options.alpn.size();) {
      const std::size_t end = std::min(options.alpn.find(',', begin), options.alpn.size());
      wire += static_cast<char>(end - begin) + options.alpn.substr(begin, end - begin);
      begin = end + 1;
    }
    SSL_set_alpn_protos(client.get(), reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  }
  if (options.session != nullptr) {
    EXPECT_EQ(SSL_set_session(client.get(), options.session), 1);
  }
  if (options.certificate != nullptr) {
    const auto parsed = Certificate::parse(options.certificate->chain, options.certificate->key, kNow, Role::kClient);
    ASSERT_TRUE(parsed) << parsed.error().message;
    const Certificate::Native& native = (*parsed)->native();
    EXPECT_EQ(SSL_use_cert_and_key(client.get(), native.leaf.get(), native.key.get(), native.chain.get(), 1), 1);
  }
}

inline void Pair::handshake() {
  for (int i = 0; i < 200 && !ok() && server_state != IoState::kError && client_reason == 0; ++i) {
    if (!connected) {
      ERR_clear_error();
      const int result = SSL_do_handshake(client.get());
      connected = result == 1;
      if (SSL_get_error(client.get(), result) == SSL_ERROR_SSL) client_reason = ERR_GET_REASON(ERR_peek_last_error());
    }
    turn();
    if (server_state == IoState::kWouldBlock) server_state = server->handshake(&server_error);
  }
  if (ok() || client_reason != 0) return;
  // The server failed: the client reads why. With TLS 1.3 it may have thought that all is well.
  ERR_clear_error();
  char byte = 0;
  const int result = connected ? SSL_read(client.get(), &byte, 1) : SSL_do_handshake(client.get());
  if (result != 1 && SSL_get_error(client.get(), result) == SSL_ERROR_SSL) client_reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
}

inline std::string Pair::served() const {
  X509* const shown = SSL_get0_peer_certificate(client.get());
  char text[256] = {};
  if (shown != nullptr) X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, text, sizeof text);
  return text;
}

inline std::string Pair::served_key() const {
  X509* const shown = SSL_get0_peer_certificate(client.get());
  if (shown == nullptr) return {};
  return EVP_PKEY_get_base_id(X509_get0_pubkey(shown)) == EVP_PKEY_RSA ? "RSA" : "EC";
}

inline std::string Pair::client_alpn() const {
  const unsigned char* bytes = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.get(), &bytes, &size);
  return {reinterpret_cast<const char*>(bytes), size};
}

inline SessionPtr Pair::session() {
  char byte = 0;
  EXPECT_LE(SSL_read(client.get(), &byte, 1), 0);
  ERR_clear_error();
  return SessionPtr(SSL_get1_session(client.get()));
}

inline std::string Pair::receive_raw() {
  const ssize_t got = ::recv(client_fd.get(), buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

}  // namespace gatehouse::tls
