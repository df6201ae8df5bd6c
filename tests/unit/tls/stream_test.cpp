#include "gatehouse/tls/stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstring>

#include "fakes/manual_clock.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/self_signed.h"
#include "native.h"

namespace gatehouse::tls {
namespace {

using namespace std::chrono_literals;

TEST(TlsStream, HandshakesReadsAndWrites) {
  runtime::Loop loop(runtime::system_clock());
  const auto now = runtime::system_clock().wall();
  const auto pem = make_self_signed({"a.test", "127.0.0.1"}, now, runtime::system_random());
  ASSERT_TRUE(pem) << pem.error().message;
  const auto certificate = Certificate::parse(pem->chain, pem->key, now);
  ASSERT_TRUE(certificate) << certificate.error().message;
  const auto context = Context::build({.certificates = {*certificate}});
  ASSERT_TRUE(context) << context.error().message;
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd client_fd(pair[1]);
  Stream server(loop, UniqueFd(pair[0]), nullptr);
  ASSERT_TRUE(server.accept_tls(**context));

  const ContextPtr client_context(SSL_CTX_new(TLS_client_method()));
  X509_STORE_add_cert(SSL_CTX_get_cert_store(client_context.get()), (*certificate)->native().leaf.get());
  SSL_CTX_set_verify(client_context.get(), SSL_VERIFY_PEER, nullptr);
  SSL* const client = SSL_new(client_context.get());
  SSL_set_fd(client, client_fd.get());
  SSL_set_tlsext_host_name(client, "a.test");
  SSL_set1_host(client, "a.test");
  SSL_set_alpn_protos(client, reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
  IoState state = IoState::kWouldBlock;
  bool connected = false;
  Error error;
  for (int i = 0; i < 100 && (state != IoState::kDone || !connected); ++i) {
    connected = connected || SSL_connect(client) == 1;
    loop.run_for_test(1ms);
    if (state == IoState::kWouldBlock) state = server.handshake(&error);
  }
  ASSERT_EQ(state, IoState::kDone) << error.message;
  ASSERT_TRUE(connected);
  EXPECT_EQ(server.handshake_info().version, "TLSv1.3");
  EXPECT_EQ(server.handshake_info().alpn, "http/1.1");
  EXPECT_EQ(server.handshake_info().sni, "a.test");
  ASSERT_EQ(SSL_write(client, "hello", 5), 5);
  loop.run_for_test(2ms);
  char buffer[64];
  IoResult got = server.read(buffer);
  ASSERT_EQ(got.state, IoState::kDone);
  EXPECT_EQ(std::string_view(buffer, got.bytes), "hello");
  EXPECT_EQ(server.read(buffer).state, IoState::kWouldBlock);
  EXPECT_FALSE(server.can_read());
  char first[] = "wor", second[] = "ld";
  const iovec pieces[] = {{first, 3}, {second, 2}};
  EXPECT_EQ(server.write(pieces).bytes, 5u);
  EXPECT_EQ(SSL_read(client, buffer, sizeof buffer), 5);
  EXPECT_EQ(std::memcmp(buffer, "world", 5), 0);
  SSL_free(client);
  ::shutdown(client_fd.get(), SHUT_WR);  // no close_notify: truncated
  loop.run_for_test(2ms);
  EXPECT_EQ(server.read(buffer).state, IoState::kError);
}

}  // namespace
}  // namespace gatehouse::tls
