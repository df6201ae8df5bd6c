#include "gatehouse/tls/client_context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "certificate_text.h"
#include "fakes/test_ca.h"
#include "fakes/manual_clock.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::tls {
namespace {

using namespace std::chrono_literals;

struct Outcome {
  IoState client = IoState::kWouldBlock, server = IoState::kWouldBlock;
  Error client_error, server_error;
};

// Both sides of a handshake on one loop; the test is client and server.
class TlsClient : public ::testing::Test {
 protected:
  std::shared_ptr<const Context> server_context(const fakes::TestCa::Pem& issued,
                                                std::vector<std::string> protocols = {"http/1.1"}) {
    const auto certificate = Certificate::parse(issued.chain, issued.key, clock_.wall() - 10'000h, Role::kClient);
    EXPECT_TRUE(certificate) << certificate.error().message;
    auto context = Context::build({.certificates = {*certificate}, .protocols = std::move(protocols)});
    EXPECT_TRUE(context) << context.error().message;
    return *context;
  }
  std::shared_ptr<const ClientContext> client_context(ClientSettings settings) {
    auto context = ClientContext::build(std::move(settings));
    EXPECT_TRUE(context) << context.error().message;
    return *context;
  }

  Outcome connect(const Context& server, const ClientContext& client, std::string_view name) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    server_ = std::make_unique<Stream>(loop_, UniqueFd(pair[0]), nullptr);
    client_ = std::make_unique<Stream>(loop_, UniqueFd(pair[1]), nullptr);
    EXPECT_TRUE(server_->accept_tls(server));
    const Status started = client_->connect_tls(client, name);
    EXPECT_TRUE(started) << started.error().message;
    Outcome outcome;
    for (int i = 0; i < 20; ++i) {
      loop_.run_for_test(0ms);
      if (outcome.client == IoState::kWouldBlock) outcome.client = client_->handshake(&outcome.client_error);
      if (outcome.server == IoState::kWouldBlock) outcome.server = server_->handshake(&outcome.server_error);
    }
    return outcome;
  }
  std::string refusal(const fakes::TestCa::Pem& issued, ClientSettings settings, std::string_view name) {
    const auto context = client_context(std::move(settings));
    const Outcome outcome = connect(*server_context(issued), *context, name);
    EXPECT_EQ(outcome.client, IoState::kError);
    EXPECT_EQ(outcome.client_error.slug, "tls-failed");
    return outcome.client_error.message;
  }
  bool trusted(const fakes::TestCa::Pem& issued, ClientSettings settings, std::string_view name) {
    const auto context = client_context(std::move(settings));
    const Outcome outcome = connect(*server_context(issued), *context, name);
    return outcome.client == IoState::kDone && outcome.server == IoState::kDone;
  }
  static IoResult write(Stream& stream, std::string_view bytes) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return stream.write({&piece, 1});
  }
  std::string read(Stream& stream) {
    char buffer[64];
    loop_.run_for_test(0ms);
    const IoResult got = stream.read(buffer);
    if (got.state == IoState::kDone) return std::string(buffer, got.bytes);
    return "(" + std::to_string(static_cast<int>(got.state)) + ")";
  }

  fakes::ManualClock clock_;
  runtime::Loop loop_{clock_};
  fakes::TestCa root_{"root", clock_.wall()};
  std::unique_ptr<Stream> server_, client_;
};

constexpr const char* kNames = "DNS:a.test,DNS:*.b.test,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1";

TEST_F(TlsClient, ReachesAServerWithACertificateOfATrustedAuthority) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  ASSERT_TRUE(trusted(leaf, {.ca_pem = root_.pem()}, "a.test"));
  EXPECT_EQ(client_->handshake_info().version, "TLSv1.3");
  EXPECT_EQ(client_->handshake_info().alpn, "http/1.1");
  EXPECT_EQ(server_->handshake_info().sni, "a.test");
  EXPECT_EQ(write(*client_, "ping").bytes, 4u);
  EXPECT_EQ(read(*server_), "ping");
  EXPECT_EQ(write(*server_, "pong").bytes, 4u);
  EXPECT_EQ(read(*client_), "pong");
  server_->shutdown_write();
  EXPECT_EQ(read(*client_), "(2)");  // kEnd
  EXPECT_EQ(client_->tls_failure(), "");
}

TEST_F(TlsClient, TheNameMustStandInTheCertificate) {
  const auto leaf = root_.issue({.common_name = "cn.test", .names = kNames});
  for (const char* name : {"a.test", "A.Test", "a.test.", "x.b.test", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(trusted(leaf, {.ca_pem = root_.pem()}, name)) << name;
  }
  for (const char* name : {"b.test", "x.y.b.test", "aa.test", "127.0.0.2", "::2", "cn.test"}) {
    EXPECT_EQ(refusal(leaf, {.ca_pem = root_.pem()}, name),
              "TLS: the certificate of /CN=cn.test is for a.test, *.b.test, 127.0.0.1, ::1, not for " + std::string(name));
  }
}

TEST_F(TlsClient, TheCommonNameIsNoName) {
  const auto leaf = root_.issue({.common_name = "a.test"});
  EXPECT_EQ(refusal(leaf, {.ca_pem = root_.pem()}, "a.test"),
            "TLS: the certificate of /CN=a.test is for no name, not for a.test");
}

TEST_F(TlsClient, AnAddressIsNotSentAsServerName) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  ASSERT_TRUE(trusted(leaf, {.ca_pem = root_.pem()}, "127.0.0.1"));
  EXPECT_EQ(server_->handshake_info().sni, "");
}

TEST_F(TlsClient, AnUnknownAuthorityIsNamed) {
  const fakes::TestCa other("other", clock_.wall());
  const auto leaf = other.issue({.common_name = "a.test", .names = kNames});
  EXPECT_EQ(refusal(leaf, {.ca_pem = root_.pem()}, "a.test"),
            "TLS: unable to get local issuer certificate (the certificate of /CN=a.test, issued by /CN=other)");
  EXPECT_TRUE(trusted(leaf, {.ca_pem = root_.pem() + other.pem()}, "a.test"));
}

TEST_F(TlsClient, TheSystemsStoreDoesNotKnowOurAuthority) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  EXPECT_NE(refusal(leaf, {}, "a.test").find("issuer certificate"), std::string::npos);
}

TEST_F(TlsClient, TimeIsTheLoops) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames, .begins = 1h, .ends = 48h});
  EXPECT_EQ(refusal(leaf, {.ca_pem = root_.pem()}, "a.test"),
            "TLS: certificate is not yet valid (the certificate of /CN=a.test is valid from 2025-11-24)");
  clock_.advance(24h);
  EXPECT_TRUE(trusted(leaf, {.ca_pem = root_.pem()}, "a.test"));
  clock_.advance(25h);
  EXPECT_EQ(refusal(leaf, {.ca_pem = root_.pem()}, "a.test"),
            "TLS: certificate has expired (the certificate of /CN=a.test expired on 2025-11-26)");
}

TEST_F(TlsClient, InsecureMeansAnybody) {
  const fakes::TestCa other("other", clock_.wall());
  const auto leaf = other.issue({.common_name = "a.test", .names = kNames});
  EXPECT_TRUE(trusted(leaf, {.insecure = true}, "wrong.test"));
  EXPECT_EQ(server_->handshake_info().sni, "wrong.test");
  EXPECT_TRUE(trusted(leaf, {.insecure = true}, ""));
}

TEST_F(TlsClient, AnIntermediateMayComeFromTheServerOrStandInTheBundleAlone) {
  const fakes::TestCa middle("middle", root_);
  const auto leaf = middle.issue({.common_name = "a.test", .names = kNames});
  EXPECT_TRUE(trusted(leaf, {.ca_pem = root_.pem()}, "a.test"));
  EXPECT_TRUE(trusted(leaf, {.ca_pem = middle.pem()}, "a.test"));
  const fakes::TestCa::Pem without{leaf.chain.substr(0, leaf.chain.find("-----BEGIN", 10)), leaf.key};
  EXPECT_NE(refusal(without, {.ca_pem = root_.pem()}, "a.test").find("issued by /CN=middle"), std::string::npos);
  EXPECT_TRUE(trusted(without, {.ca_pem = without.chain}, "a.test"));
}

TEST_F(TlsClient, ACertificateOfOurOwnIsShownWhenTheServerAsks) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  const auto own = root_.issue({.common_name = "client"});
  EXPECT_EQ(Certificate::parse(own.chain, own.key, clock_.wall()).error().slug, "certificate-no-names");
  const auto certificate = Certificate::parse(own.chain, own.key, clock_.wall(), Role::kClient);
  ASSERT_TRUE(certificate) << certificate.error().message;
  const auto server = server_context(leaf);
  SSL_CTX_set_verify(server->native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(server->native()), std::chrono::system_clock::to_time_t(clock_.wall()));
  const std::string pem = root_.pem();
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> anchor(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(server->native()), anchor.get());

  const Outcome shown = connect(*server, *client_context({.ca_pem = root_.pem(), .certificate = *certificate}), "a.test");
  EXPECT_EQ(shown.server, IoState::kDone) << shown.server_error.message;
  EXPECT_EQ(write(*server_, "hello").bytes, 5u);
  EXPECT_EQ(read(*client_), "hello");

  // In TLS 1.3 the client has finished before it learns.
  const Outcome missing = connect(*server, *client_context({.ca_pem = root_.pem()}), "a.test");
  EXPECT_EQ(missing.client, IoState::kDone);
  EXPECT_EQ(missing.server, IoState::kError);
  EXPECT_EQ(read(*client_), "(3)");  // kError
  EXPECT_NE(client_->tls_failure().find("certificate required"), std::string::npos) << client_->tls_failure();
}

TEST_F(TlsClient, NothingInCommonIsSaidInOpenSslsWords) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  const auto server = server_context(leaf);
  SSL_CTX_set_max_proto_version(server->native(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(server->native(), "AES256-SHA256");
  const Outcome outcome = connect(*server, *client_context({.ca_pem = root_.pem()}), "a.test");
  EXPECT_EQ(outcome.client_error.slug, "tls-failed");
  EXPECT_NE(outcome.client_error.message.find("handshake failure"), std::string::npos) << outcome.client_error.message;
  const auto other = server_context(leaf, {"h2"});
  const Outcome alpn = connect(*other, *client_context({.ca_pem = root_.pem()}), "a.test");
  EXPECT_NE(alpn.client_error.message.find("no application protocol"), std::string::npos) << alpn.client_error.message;
}

TEST_F(TlsClient, NothingOlderThanTls12) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  const auto server = server_context(leaf);
  SSL_CTX_set_security_level(server->native(), 0);
  SSL_CTX_set_cipher_list(server->native(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(server->native(), 0);
  SSL_CTX_set_max_proto_version(server->native(), TLS1_1_VERSION);
  const auto client = client_context({.ca_pem = root_.pem()});
  EXPECT_EQ(connect(*server, *client, "a.test").client, IoState::kError);
  SSL_CTX_set_max_proto_version(server->native(), TLS1_2_VERSION);
  EXPECT_EQ(connect(*server, *client, "a.test").client, IoState::kDone);
  EXPECT_EQ(client_->handshake_info().version, "TLSv1.2");
}

TEST_F(TlsClient, APeerThatSpeaksNoTlsOrLeavesIsAnError) {
  const auto client = client_context({.ca_pem = root_.pem()});
  for (const std::string_view answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", ""}) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    UniqueFd server(pair[0]);
    Stream stream(loop_, UniqueFd(pair[1]), nullptr);
    ASSERT_TRUE(stream.connect_tls(*client, "a.test"));
    Error error;
    EXPECT_EQ(stream.handshake(&error), IoState::kWouldBlock);
    ASSERT_EQ(::send(server.get(), answer.data(), answer.size(), 0), static_cast<ssize_t>(answer.size()));
    ::shutdown(server.get(), SHUT_WR);
    loop_.run_for_test(0ms);
    EXPECT_EQ(stream.handshake(&error), IoState::kError);
    EXPECT_EQ(error.slug, "tls-failed");
    EXPECT_EQ(error.message, answer.empty() ? "the connection was closed during the TLS handshake"
                                            : "TLS handshake: wrong version number");
  }
}

TEST_F(TlsClient, ANameThatIsNoneIsRefused) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  const UniqueFd other(pair[0]);
  Stream stream(loop_, UniqueFd(pair[1]), nullptr);
  const auto client = client_context({.ca_pem = root_.pem()});
  for (const std::string& name : {std::string(), std::string("."), std::string(300, 'a'), std::string("a\0b", 3)}) {
    EXPECT_EQ(stream.connect_tls(*client, name).error().slug, "tls-context") << name;
  }
}

TEST_F(TlsClient, ABundleMustBeReadable) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "gatehouse_tls_client";
  std::filesystem::create_directories(directory);
  const std::string good = directory / "good.pem", bad = directory / "bad.pem", missing = directory / "missing.pem";
  std::ofstream(good) << root_.pem();
  std::ofstream(bad) << "hello\n";
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  EXPECT_TRUE(trusted(leaf, {.ca_file = good}, "a.test"));
  const auto said = [](const ClientSettings& settings) {
    const auto built = ClientContext::build(settings);
    return built ? std::string("built") : built.error().slug + ": " + built.error().message;
  };
  EXPECT_EQ(said({.ca_file = missing}), "ca-unreadable: cannot read " + missing + ": No such file or directory");
  EXPECT_TRUE(said({.ca_file = bad}).starts_with("ca-unreadable: cannot read certificates from " + bad + ": "));
  EXPECT_TRUE(said({.ca_pem = "hello\n"}).starts_with("ca-unreadable: "));
  const std::string broken = root_.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  EXPECT_TRUE(said({.ca_pem = broken}).starts_with("ca-unreadable: "));
  EXPECT_EQ(said({.protocols = {""}}), "tls-context: '' is no ALPN protocol");
  std::filesystem::remove_all(directory);
}

// Records without data (tickets, key updates) may stand before data in one read from the socket.
TEST_F(TlsClient, DataBehindTicketsIsSeenAtOnce) {
  const auto leaf = root_.issue({.common_name = "a.test", .names = kNames});
  const auto server = server_context(leaf);
  SSL_CTX_set_num_tickets(server->native(), 2);
  SSL_CTX_clear_options(server->native(), SSL_OP_NO_TICKET);
  const auto client = client_context({.ca_pem = root_.pem()});
  int tickets = 0;
  SSL_CTX_set_msg_callback(client->native(), [](int sent, int, int type, const void* bytes, std::size_t, SSL*, void* count) {
    const bool received = sent == 0 && type == SSL3_RT_HANDSHAKE;
    if (received && *static_cast<const char*>(bytes) == SSL3_MT_NEWSESSION_TICKET) ++*static_cast<int*>(count);
  });
  SSL_CTX_set_msg_callback_arg(client->native(), &tickets);
  ASSERT_EQ(connect(*server, *client, "a.test").server, IoState::kDone);
  EXPECT_EQ(write(*server_, "hello").bytes, 5u);
  EXPECT_EQ(read(*client_), "hello");
  EXPECT_EQ(tickets, 2);
}

}  // namespace
}  // namespace gatehouse::tls
