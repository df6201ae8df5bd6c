// What a client may and may not do: versions, suites, ALPN (RFC 7301), renegotiation, key updates, and bytes that are no TLS.
#include "pair.h"

namespace gatehouse::tls {
namespace {

class HandshakeTest : public testing::Test {
 protected:
  fakes::TestCa root{"root", kNow};
  std::shared_ptr<const Certificate> certificate = certificate_of(root.issue({.common_name = "a", .names = "DNS:a.test"}));
  std::shared_ptr<const Certificate> rsa = certificate_of(root.issue({.common_name = "a", .names = "DNS:a.test", .rsa = true}));
  std::shared_ptr<const Context> context = context_of({.certificates = {certificate, rsa}, .protocols = {"h2", "http/1.1"}});
};

TEST_F(HandshakeTest, Versions) {
  const auto modern = context_of({.policy = Policy::kModern, .certificates = {certificate}});
  const auto version = [](const Context& with, int only) {
    const Pair pair(with, {.min_version = only, .max_version = only, .ciphers = "ALL:@SECLEVEL=0"});
    return pair.ok() ? std::string(pair.server->handshake_info().version) : "alert " + std::to_string(pair.alert());
  };
  EXPECT_EQ(version(*context, TLS1_3_VERSION), "TLSv1.3");
  EXPECT_EQ(version(*context, TLS1_2_VERSION), "TLSv1.2");
  EXPECT_EQ(version(*context, TLS1_1_VERSION), "alert 70");  // protocol_version
  EXPECT_EQ(version(*context, TLS1_VERSION), "alert 70");
  EXPECT_EQ(version(*modern, TLS1_3_VERSION), "TLSv1.3");
  EXPECT_EQ(version(*modern, TLS1_2_VERSION), "alert 70");
}

TEST_F(HandshakeTest, SuitesOfThePolicyAndNoOthers) {
  const auto agrees = [&](const char* suite) {
    return Pair(*context, {.max_version = TLS1_2_VERSION, .ciphers = std::string(suite) + ":@SECLEVEL=0"}).ok();
  };
  for (const char* const good : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                                 "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"})
    EXPECT_TRUE(agrees(good)) << good;
  for (const char* const weak : {"AES128-GCM-SHA256", "AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384",
                                 "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM", "NULL-SHA256", "ADH-AES128-GCM-SHA256"})
    EXPECT_FALSE(agrees(weak)) << weak;
}

TEST_F(HandshakeTest, TheClientsOrderOfSuites) {
  const Pair pair(*context, {.max_version = TLS1_2_VERSION,
                             .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256"});
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(pair.server->handshake_info().cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
}

TEST_F(HandshakeTest, Sha1SignaturesAreRefused) {
  const Pair pair(*context, {.max_version = TLS1_2_VERSION, .ciphers = "ALL:@SECLEVEL=0", .signatures = "RSA+SHA1:ECDSA+SHA1"});
  EXPECT_FALSE(pair.ok());
}

TEST_F(HandshakeTest, AlpnTakesOurFirstThatTheClientOffers) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto chosen = [&](const char* offered) {
      const Pair pair(*context, {.alpn = offered, .max_version = version});
      EXPECT_TRUE(pair.ok()) << offered;
      EXPECT_EQ(pair.client_alpn(), pair.server->handshake_info().alpn);
      return pair.client_alpn();
    };
    EXPECT_EQ(chosen("http/1.1"), "http/1.1");
    EXPECT_EQ(chosen("http/1.1,h2"), "h2");
    EXPECT_EQ(chosen("junk,http/1.1"), "http/1.1");
    EXPECT_EQ(chosen(""), "");
  }
}

TEST_F(HandshakeTest, AlpnWithoutOverlapIsRefused) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* const offered : {"junk", "h3,spdy/3.1", "HTTP/1.1", "acme-tls/1"}) {
      const Pair pair(*context, {.alpn = offered, .max_version = version});
      EXPECT_FALSE(pair.ok()) << offered;
      EXPECT_EQ(pair.alert(), SSL_AD_NO_APPLICATION_PROTOCOL) << offered;
    }
  }
}

TEST_F(HandshakeTest, RenegotiationIsRefused) {
  Pair pair(*context, {.max_version = TLS1_2_VERSION});
  ASSERT_TRUE(pair.ok());
  ASSERT_EQ(SSL_renegotiate(pair.client.get()), 1);
  EXPECT_LE(SSL_do_handshake(pair.client.get()), 0);
  EXPECT_EQ(pair.read().state, IoState::kWouldBlock) << "told no, and nothing else";
  EXPECT_LE(SSL_do_handshake(pair.client.get()), 0);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
}

// What the server does with bytes of a stranger who then leaves.
std::pair<IoState, std::string> outcome(const Context& context, std::string_view bytes, bool leaves) {
  Pair pair;
  EXPECT_TRUE(pair.server->accept_tls(context));
  pair.send_raw(bytes);
  if (leaves) ::shutdown(pair.client_fd.get(), SHUT_WR);
  for (int i = 0; i < 5 && pair.server_state == IoState::kWouldBlock; ++i) {
    pair.turn();
    pair.server_state = pair.server->handshake(&pair.server_error);
  }
  return {pair.server_state, pair.server_error.message};
}

TEST_F(HandshakeTest, WhatIsNoTlsIsRefusedAtOnce) {
  const std::string ssl2 = std::string("\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11) + std::string(37, '\1');
  const std::string ssl2_for_tls = std::string("\x80\x2e\x01\x03\x03\x00\x15\x00\x00\x00\x10", 11) + std::string(37, '\1');
  const std::string_view strangers[] = {
      "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
      ssl2, ssl2_for_tls, std::string_view(ssl2).substr(0, 2),
      {"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00", 10},                  // a ServerHello
      {"\x15\x03\x01\x00\x02\x02\x28", 7},                               // an alert
      {"\x17\x03\x03\x00\x05hello", 10},                                 // data before the handshake
      {"\x16\x03\x01\xff\xff\x01\x00\x00\x10\x03\x03", 11},              // a record larger than records are
      {"\x16\x03\x01\x00\x00", 5},                                       // an empty record
      "SSH-2.0-OpenSSH_9.2p1\r\n",
  };
  for (const std::string_view bytes : strangers) {
    const auto [state, message] = outcome(*context, bytes, false);
    EXPECT_EQ(state, IoState::kError) << bytes;
    EXPECT_TRUE(message.starts_with("TLS handshake: ")) << message;
  }
}

TEST_F(HandshakeTest, AHelloThatIsCutOffIsALeavingClient) {
  Pair pair;
  pair.start_client({.sni = "a.test"});
  (void)SSL_do_handshake(pair.client.get());
  char bytes[8192];
  const ssize_t size = ::recv(pair.server->fd(), bytes, sizeof bytes, 0);
  ASSERT_GT(size, 200);
  for (const ssize_t cut : {ssize_t{0}, ssize_t{1}, ssize_t{5}, ssize_t{9}, ssize_t{44}, size / 2, size - 1}) {
    const auto [state, message] = outcome(*context, {bytes, static_cast<std::size_t>(cut)}, true);
    EXPECT_EQ(state, IoState::kError) << cut;
    EXPECT_EQ(message, "the client left during the TLS handshake") << cut;
    EXPECT_EQ(outcome(*context, {bytes, static_cast<std::size_t>(cut)}, false).first, IoState::kWouldBlock) << cut;
  }
  EXPECT_EQ(outcome(*context, {bytes, static_cast<std::size_t>(size)}, false).first, IoState::kWouldBlock) << "the whole is fine";
}

TEST_F(HandshakeTest, AHelloAbove16KiBIsRefusedByItsFirstBytes) {
  const auto announce = [](std::size_t size) {
    std::string bytes("\x16\x03\x01\x40\x00\x01", 6);
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>((size >> shift) & 0xff);
    return bytes;
  };
  EXPECT_EQ(outcome(*context, announce(16383), false).first, IoState::kWouldBlock);
  for (const std::size_t size : {16384, 65536, 131000, 0xffffff})
    EXPECT_EQ(outcome(*context, announce(size), false).first, IoState::kError) << size;
  EXPECT_EQ(outcome(*context, announce(16384), false).second, "TLS handshake: excessive message size");
}

TEST_F(HandshakeTest, TheSizeOfAHelloIsSeenHoweverItArrives) {
  for (const std::size_t cut : {1u, 3u, 5u, 6u, 7u, 8u}) {
    const std::string bytes("\x16\x03\x01\x40\x00\x01\x01\x00\x00", 9);  // 64 KiB
    Pair pair;
    ASSERT_TRUE(pair.server->accept_tls(*context));
    for (const std::string_view piece : {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
      pair.send_raw(piece);
      pair.turn();
      pair.server_state = pair.server->handshake(&pair.server_error);
    }
    EXPECT_EQ(pair.server_state, IoState::kError) << cut;
  }
  // The size in a second record.
  const std::string_view split("\x16\x03\x01\x00\x02\x01\x01\x16\x03\x01\x40\x00\x00\x00", 14);
  EXPECT_EQ(outcome(*context, split, false).first, IoState::kError);
}

TEST_F(HandshakeTest, KeyUpdatesAreAnsweredButNotWithoutEnd) {
  Pair pair(*context, {.min_version = TLS1_3_VERSION});
  ASSERT_TRUE(pair.ok());
  const auto update = [&] {
    EXPECT_EQ(SSL_key_update(pair.client.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    const bool sent = SSL_do_handshake(pair.client.get()) == 1;
    char byte = 0;
    (void)SSL_read(pair.client.get(), &byte, 1);  // takes the server's own update
    return sent;
  };
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(update());
    ASSERT_EQ(pair.read().state, IoState::kWouldBlock) << i;
  }
  ASSERT_EQ(SSL_write(pair.client.get(), "still here", 10), 10);
  const IoResult data = pair.read();
  ASSERT_EQ(data.state, IoState::kDone);
  ASSERT_EQ(data.bytes, 10u);
  int more = 0;
  while (more < 100 && update() && pair.read().state == IoState::kWouldBlock) ++more;
  EXPECT_LT(more, 32);
  EXPECT_EQ(pair.server->read(pair.buffer).state, IoState::kError) << "and it stays closed";
  EXPECT_EQ(pair.server->tls_failure(), "too many key updates");
}

TEST_F(HandshakeTest, KeyUpdatesOfALongTransferAreFine) {
  Pair pair(*context, {.min_version = TLS1_3_VERSION});
  ASSERT_TRUE(pair.ok());
  const std::string data(16384, 'x');
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(SSL_key_update(pair.client.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    for (int k = 0; k < 4; ++k) {
      ASSERT_EQ(SSL_write(pair.client.get(), data.data(), static_cast<int>(data.size())), static_cast<int>(data.size())) << i;
      ASSERT_EQ(pair.read().state, IoState::kDone) << i;
      while (pair.server->read(pair.buffer).state == IoState::kDone) {
      }
    }
  }
}

TEST_F(HandshakeTest, AnEndWithoutCloseNotifyIsATruncation) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair clean(*context, {.max_version = version}), cut(*context, {.max_version = version});
    for (Pair* const pair : {&clean, &cut}) ASSERT_EQ(SSL_write(pair->client.get(), "bytes", 5), 5);
    (void)SSL_shutdown(clean.client.get());
    for (Pair* const pair : {&clean, &cut}) {
      ::shutdown(pair->client_fd.get(), SHUT_WR);
      EXPECT_EQ(pair->read().bytes, 5u);
    }
    EXPECT_EQ(clean.read().state, IoState::kEnd);
    EXPECT_EQ(cut.read().state, IoState::kError);
    EXPECT_EQ(cut.read().state, IoState::kError) << "and stays one";
  }
}

TEST_F(HandshakeTest, OurEndIsACloseNotify) {
  Pair pair(*context, {});
  ASSERT_TRUE(pair.ok());
  pair.server->shutdown_write();
  char byte = 0;
  const int got = SSL_read(pair.client.get(), &byte, 1);
  EXPECT_EQ(SSL_get_error(pair.client.get(), got), SSL_ERROR_ZERO_RETURN);
}

TEST_F(HandshakeTest, AFailedHandshakeSendsNoCloseNotify) {
  Pair pair(*context, {.min_version = TLS1_1_VERSION, .max_version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"});
  ASSERT_FALSE(pair.ok());
  pair.server->shutdown_write();
  EXPECT_EQ(pair.receive_raw(), "");
}

TEST_F(HandshakeTest, ANoisyNeighbourDoesNotSpoilTheNextHandshake) {
  (void)outcome(*context, "GET / HTTP/1.1\r\n\r\n", true);
  ERR_put_error(ERR_LIB_SSL, 0, SSL_R_BAD_LENGTH, __FILE__, __LINE__);  // left behind by somebody on this thread
  EXPECT_TRUE(Pair(*context, {.sni = "a.test"}).ok());
}

}  // namespace
}  // namespace gatehouse::tls
