// Calls over TLS: who is trusted, what is said when not, and the end of a connection.
#include <openssl/ssl.h>

#include "fakes/test_ca.h"
#include "fetch_fixture.h"

namespace gatehouse::client {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
constexpr std::string_view kSwitch = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
constexpr const char* kNames = "DNS:a.test,IP:127.0.0.1";

class FetchTlsTest : public FetchTest {
 protected:
  std::shared_ptr<const tls::Context> server_side(const fakes::TestCa::Pem& pem) {
    const auto certificate = tls::Certificate::parse(pem.chain, pem.key, clock_.wall());
    EXPECT_TRUE(certificate) << certificate.error().message;
    return *tls::Context::build({.certificates = {*certificate}});
  }
  std::shared_ptr<const tls::ClientContext> client_side(tls::ClientSettings settings) {
    auto context = tls::ClientContext::build(std::move(settings));
    EXPECT_TRUE(context) << context.error().message;
    return *context;
  }
  Script script(std::string answer, Script::End end = Script::End::kClose) {
    return {.answer = std::move(answer),
            .end = end,
            .tls = server_side(root_.issue({.common_name = "a.test", .names = kNames}))};
  }
  Request ask_securely(const RawServer& server, std::shared_ptr<const tls::ClientContext> context,
                       std::string server_name = "a.test") {
    Request request = get(server);
    request.peer.tls = std::move(context);
    request.peer.server_name = std::move(server_name);
    return request;
  }
  std::shared_ptr<const tls::ClientContext> trusting() { return client_side({.ca_pem = root_.pem()}); }

  fakes::TestCa root_{"root", clock_.wall()};
};

TEST_F(FetchTlsTest, AnAnswerOfATrustedServer) {
  RawServer server(loop_, script(std::string(kOk)));
  EXPECT_EQ(outcome(ask_securely(server, trusting())), "200 hi");
  EXPECT_EQ(outcome(ask_securely(server, trusting(), "")), "200 hi");  // by its address
  auto request = request_to("https://a.test:" + std::to_string(server.port()) + "/x", trusting());
  ASSERT_TRUE(request);
  names_["a.test"] = {*net::to_endpoint({.host = "127.0.0.1", .port = server.port()})};
  EXPECT_EQ(outcome(*std::move(request)), "200 hi");
  EXPECT_NE(server.received.find("GET /x HTTP/1.1\r\nHost: a.test:" + std::to_string(server.port())), std::string::npos);
}

TEST_F(FetchTlsTest, AServerThatIsNotTrustedGetsNothing) {
  RawServer server(loop_, script(std::string(kOk)));
  const std::string peer = "tls-failed: 127.0.0.1:" + std::to_string(server.port()) + ": TLS: ";
  EXPECT_EQ(outcome(ask_securely(server, trusting(), "b.test")),
            peer + "the certificate of /CN=a.test is for a.test, 127.0.0.1, not for b.test");
  const fakes::TestCa other("other", clock_.wall());
  EXPECT_EQ(outcome(ask_securely(server, client_side({.ca_pem = other.pem()}))),
            peer + "unable to get local issuer certificate (the certificate of /CN=a.test, issued by /CN=root)");
  const auto context = trusting();
  clock_.advance(24h * 40);
  EXPECT_EQ(outcome(ask_securely(server, context)),
            peer + "certificate has expired (the certificate of /CN=a.test expired on 2025-12-24)");
  EXPECT_EQ(server.received, "");
  EXPECT_EQ(outcome(ask_securely(server, client_side({.insecure = true}), "b.test")), "200 hi");
}

TEST_F(FetchTlsTest, AServerThatSpeaksNoTlsIsAnError) {
  RawServer server(loop_, {.answer = "HTTP/1.1 400 Bad Request\r\n\r\n", .after = Script::After::kAccept});
  EXPECT_TRUE(outcome(ask_securely(server, trusting())).ends_with(": TLS handshake: wrong version number"));
  server.script = {.answer = "", .after = Script::After::kAccept};
  EXPECT_TRUE(outcome(ask_securely(server, trusting())).ends_with(": the connection was closed during the TLS handshake"));
}

TEST_F(FetchTlsTest, AServerThatWantsOurCertificateSaysSo) {
  Script wants = script(std::string(kOk));
  SSL_CTX_set_verify(wants.tls->native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(wants.tls->native(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  RawServer server(loop_, wants);
  const std::string text = outcome(ask_securely(server, trusting()));
  EXPECT_TRUE(text.starts_with("tls-failed: ") && text.ends_with("certificate required")) << text;
  EXPECT_EQ(server.received, "");
  const auto own = root_.issue({.common_name = "client"});
  const auto certificate = tls::Certificate::parse(own.chain, own.key, clock_.wall(), tls::Role::kClient);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(outcome(ask_securely(server, client_side({.ca_pem = root_.pem(), .certificate = *certificate}))), "200 hi");
}

// Without close_notify an attacker may have cut the answer.
TEST_F(FetchTlsTest, ABodyThatEndsWithTheConnectionNeedsItsEnd) {
  const std::string answer = "HTTP/1.1 200 OK\r\n\r\nhi";
  RawServer server(loop_, script(answer));
  EXPECT_EQ(outcome(ask_securely(server, trusting())), "200 hi");
  server.script = script(answer, Script::End::kCut);
  EXPECT_TRUE(outcome(ask_securely(server, trusting())).starts_with("bad-answer: "));
  server.script = script(std::string(kOk), Script::End::kCut);
  EXPECT_EQ(outcome(ask_securely(server, trusting())), "200 hi");
}

TEST_F(FetchTlsTest, ACutAtEveryByteIsAnErrorOrTheWholeAnswer) {
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
  const auto context = trusting();
  for (const auto end : {Script::End::kClose, Script::End::kCut, Script::End::kReset}) {
    RawServer server(loop_, script(answer, end));
    for (std::size_t size = 0; size <= answer.size(); ++size) {
      server.script.answer = answer.substr(0, size);
      const std::string text = outcome(ask_securely(server, context));
      const bool whole = text == "200 hi";
      EXPECT_TRUE(whole || text.starts_with("bad-answer: ")) << size << " " << text;
      if (end != Script::End::kReset) EXPECT_EQ(whole, size == answer.size()) << size << " " << text;
    }
  }
}

TEST_F(FetchTlsTest, LargeBodiesInBothDirections) {
  const std::string body(3'000'000, 'b');
  RawServer server(loop_, script("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + body));
  Request request = ask_securely(server, trusting());
  request.method = "PUT";
  request.body = body;
  EXPECT_TRUE(outcome(std::move(request)) == "200 " + body);
  EXPECT_TRUE(server.received.ends_with("\r\n\r\n" + body));
}

TEST_F(FetchTlsTest, ATunnelKeepsItsDirectionsApart) {
  RawServer server(loop_, script(std::string(kSwitch) + "early", Script::End::kEcho));
  Request request = ask_securely(server, trusting());
  request.upgrade = "tcp";
  auto call = run(open(network(), std::move(request)));
  ASSERT_TRUE(call) << call.error().message;
  Tunnel tunnel = call->take_tunnel();
  EXPECT_EQ(*run(tunnel.read()), "early");
  ASSERT_TRUE(run(tunnel.write("hello", 5s)));
  EXPECT_EQ(*run(tunnel.read()), "hello");
  tunnel.shutdown_write();
  EXPECT_EQ(*run(tunnel.read()), "bye");
  EXPECT_EQ(*run(tunnel.read()), "");
}

TEST_F(FetchTlsTest, ATunnelThatIsCutIsNoEnd) {
  RawServer server(loop_, script(std::string(kSwitch) + "early", Script::End::kCut));
  Request request = ask_securely(server, trusting());
  request.upgrade = "tcp";
  auto call = run(open(network(), std::move(request)));
  ASSERT_TRUE(call) << call.error().message;
  Tunnel tunnel = call->take_tunnel();
  EXPECT_EQ(*run(tunnel.read()), "early");
  EXPECT_EQ(run(tunnel.read()).error().slug, "closed");
}

TEST_F(FetchTlsTest, MayBeDestroyedAtAnyPoint) {
  const auto context = trusting();
  bool finished = false;
  for (int turns = 0; !finished && turns < 200; ++turns) {
    RawServer server(loop_, script(std::string(kOk)));
    std::optional<Result<Answer>> out;
    {
      runtime::TaskGroup group;
      group.spawn(keep(fetch(network(), ask_securely(server, context)), out));
      turn(turns);
      finished = out.has_value();
    }
    turn(5);
    EXPECT_EQ(server.open, 0);
  }
  EXPECT_TRUE(finished);
}

}  // namespace
}  // namespace gatehouse::client
