// Challenges of certificate authorities on a real server over loopback: answered before routes, redirects and credentials.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

#include "fakes/test_ca.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/tls/challenges.h"

namespace gatehouse::edge {
namespace {

using std::chrono::milliseconds;

class EdgeChallengeTest : public testing::Test {
 protected:
  EdgeChallengeTest() {
    Settings settings;
    for (const bool tls : {false, true}) {
      ListenerSettings& listener = settings.listeners.emplace_back();
      listener.name = tls ? "https" : "http";
      listener.tls = tls;
      listener.address = {.host = "127.0.0.1", .port = 0, .is_unix = false};
    }
    settings.routes.emplace_back().redirect = "https://a.test/";
    settings.routes.back().auth = Auth::kRequired;
    const auto pem = ca.issue({.common_name = "site", .names = "DNS:a.test"});
    tls::ContextSettings context;
    context.certificates = {*tls::Certificate::parse(pem.chain, pem.key, runtime::system_clock().wall())};
    context.challenges = tls_challenges;
    TlsContexts contexts{{"https", *tls::Context::build(std::move(context))}};
    const Status applied = server.apply(settings, {}, contexts);
    EXPECT_TRUE(applied) << applied.error().message;
    loop.run_for_test(milliseconds(1));
  }
  ~EdgeChallengeTest() override {
    server.drain();
    loop.run_for_test(milliseconds(5));
    server.stop();
  }

  Ports ports() {
    Ports out;
    out.metrics = &registry;
    out.offload = &offload;
    out.random = &runtime::system_random();
    out.http_challenges = &http_challenges;
    return out;
  }
  UniqueFd connect(std::size_t listener) {
    const std::string address = server.listeners().at(listener).address;
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1))));
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0) << errno;
    return fd;
  }
  // The whole answer to one request.
  std::string ask(const std::string& method, const std::string& path, const std::string& more = {}) {
    const UniqueFd fd = connect(0);
    const std::string request = method + " " + path + " HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n" + more + "\r\n";
    EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    char buffer[4096];
    for (int i = 0; i < 1000; ++i) {
      loop.run_for_test(milliseconds(1));
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (got == 0) break;
      if (got > 0) answer.append(buffer, static_cast<std::size_t>(got));
    }
    return answer;
  }

  fakes::TestCa ca{"root", runtime::system_clock().wall()};
  runtime::Loop loop{runtime::system_clock()};
  runtime::OffloadPool offload{1};
  metrics::Registry registry;
  RareTable<std::string> http_challenges;
  std::shared_ptr<tls::Challenges> tls_challenges = std::make_shared<tls::Challenges>();
  Server server{{&loop}, ports()};
};

TEST_F(EdgeChallengeTest, HttpIsAnsweredBeforeEverythingElse) {
  http_challenges.set("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", std::make_shared<std::string>("token.thumbprint"));
  const std::string path = "/.well-known/acme-challenge/evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
  const std::string answer = ask("GET", path);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_NE(answer.find("\r\nContent-Type: application/octet-stream\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\ntoken.thumbprint")) << answer;
  EXPECT_TRUE(ask("HEAD", path).ends_with("\r\n\r\n"));
  EXPECT_TRUE(ask("GET", path + "?x=1").ends_with("token.thumbprint"));
  EXPECT_TRUE(ask("GET", path, "Authorization: Basic bm90OnlvdXJz\r\n").ends_with("token.thumbprint"));
  http_challenges.remove("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA");
  EXPECT_TRUE(ask("GET", path).starts_with("HTTP/1.1 401 "));
}

TEST_F(EdgeChallengeTest, HttpThatIsNoLiveChallengeGoesToItsRoute) {
  const std::string path = "/.well-known/acme-challenge/";
  EXPECT_TRUE(ask("GET", path + "token").starts_with("HTTP/1.1 401 ")) << "no challenge at all";
  http_challenges.set("token", std::make_shared<std::string>("token.thumbprint"));
  for (const std::string other : {"", "Token", "token/", "token2", "../acme-challenge/", "x/token"})
    EXPECT_TRUE(ask("GET", path + other).starts_with("HTTP/1.1 401 ")) << other;
  EXPECT_TRUE(ask("POST", path + "token", "Content-Length: 0\r\n").starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(ask("GET", "/token").starts_with("HTTP/1.1 401 "));
}

TEST_F(EdgeChallengeTest, TlsEndsBehindTheHandshake) {
  const auto pem = ca.issue({.common_name = "challenge", .names = "DNS:a.test"});
  tls_challenges->set("a.test", *tls::Certificate::parse(pem.chain, pem.key, runtime::system_clock().wall()));
  const UniqueFd fd = connect(1);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>("\x0a"
                                                                        "acme-tls/1"),
                      11);
  SSL_set_tlsext_host_name(ssl.get(), "a.test");
  ASSERT_EQ(::fcntl(fd.get(), F_SETFL, O_NONBLOCK), 0);
  SSL_set_fd(ssl.get(), fd.get());
  bool connected = false;
  for (int i = 0; i < 1000 && !connected; ++i) {
    connected = SSL_connect(ssl.get()) == 1;
    loop.run_for_test(milliseconds(1));
  }
  ASSERT_TRUE(connected);
  char name[64] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl.get())), NID_commonName, name, sizeof name);
  EXPECT_STREQ(name, "challenge");
  SSL_write(ssl.get(), "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", 32);
  int got = -1;
  for (int i = 0; i < 1000; ++i) {
    loop.run_for_test(milliseconds(1));
    char byte = 0;
    got = SSL_read(ssl.get(), &byte, 1);
    if (got >= 0 || SSL_get_error(ssl.get(), got) != SSL_ERROR_WANT_READ) break;
  }
  EXPECT_LE(got, 0) << "no answer to any request";
  EXPECT_NE(SSL_get_error(ssl.get(), got), SSL_ERROR_WANT_READ) << "closed";
  loop.run_for_test(milliseconds(1));
  EXPECT_EQ(server.connections(), 0u);
}

}  // namespace
}  // namespace gatehouse::edge
