// Against Pebble.
#include <gtest/gtest.h>

#include "fakes/pebble.h"
#include "gatehouse/base/encoding.h"
#include "gatehouse/pki/chain.h"
#include "issuer_world.h"

namespace gatehouse::issuer {
namespace {

using acme::Done;
using acme::Outcome;

class PebbleTest : public ::testing::Test {
 protected:
  void begin(fakes::PebbleSettings how = {}) {
    pebble = std::make_unique<fakes::Pebble>(runner, client::Network{runner.loop, resolver}, std::move(how));
    ASSERT_TRUE(pebble->ready()) << pebble->server().output();
    http_server = std::make_unique<fakes::LoopServer>(
        runner.loop, pebble->http_port, fakes::ServerScript{.tls = {}, .answer = [this](const fakes::Asked& asked) { return serve_token(node.tokens, asked); }});
    alpn_server = std::make_unique<fakes::LoopServer>(runner.loop, pebble->tls_port, fakes::ServerScript{.tls = [this] { return alpn_context; }, .answer = {}});
  }
  // As a listener has it: challenges beside a certificate for everybody else.
  std::shared_ptr<const tls::Context> make_alpn_context() {
    const auto leaf = root.issue({.common_name = "nobody.test", .names = "DNS:nobody.test"});
    const auto certificate = tls::Certificate::parse(leaf.chain, leaf.key, runtime::system_clock().wall());
    return *tls::Context::build({.certificates = {*certificate}, .challenges = {std::shared_ptr<void>(), &node.certificates}});
  }
  IssuerSettings settings(std::vector<std::vector<std::string>> names) {
    IssuerSettings made{.node = {}, .authorities = {{.production = {.directory = pebble->directory(), .contacts = {"mailto:ops@a.test"}}, .ca_file = pebble->ca_file()}}, .tick = 1s};
    for (const auto& list : names) made.certificates.push_back({.names = *pki::parse_names(list)});
    return made;
  }
  Solver hook() {
    scratch.write("hook.sh", "#!/bin/sh\n[ \"$GATEHOUSE_RECORD_NAME\" = \"$2\" ] || exit 9\ncase \"$1\" in present) path=set-txt ;; *) path=clear-txt ;; esac\n"
                             "exec curl -sS -d \"{\\\"host\\\":\\\"$2\\\",\\\"value\\\":\\\"$3\\\"}\" " + pebble->dns_management() + "/$path\n");
    return program_solver(runner.loop, runtime::system_random(), {.argv = {"/bin/sh", scratch.file("hook.sh")}});
  }
  Outcome<Done> ask(runtime::Task<Outcome<Done>> task) { return runner.run(std::move(task), 100s); }
  void expect_ok(Outcome<Done> outcome) { ASSERT_TRUE(outcome) << outcome.failure().error.message << "\n" << pebble->server().output(); }
  void expect_issued(Issuer& issuer, const std::string& name) {
    expect_ok(ask(issuer.issue(name)));
    EXPECT_TRUE(node.recorder.certificates.contains(name));
  }
  std::string serial(const std::string& name) {
    const std::string bundle((*node.vault->get(acme::Kind::kCertificate, name))->reveal());
    std::string text = pki::Chain::parse(bundle.substr(bundle.find("-----BEGIN CERTIFICATE")))->serial();
    while (text.starts_with("00")) text.erase(0, 2);
    return text;
  }

  fakes::LoopRunner runner;
  fakes::ScratchDirectory scratch;
  runtime::OffloadPool pool{1};
  net::Resolver resolver{runner.loop, pool};
  Node node{runner, scratch.file("certificates"), "n1"};
  fakes::TestCa root{"ours", runtime::system_clock().wall()};
  std::shared_ptr<const tls::Context> alpn_context = make_alpn_context();
  std::unique_ptr<fakes::Pebble> pebble;
  std::unique_ptr<fakes::LoopServer> http_server, alpn_server;
};

TEST_F(PebbleTest, IssuesByHttp) {
  begin();
  Issuer& issuer = node.start(settings({{"a.test", "b.test"}}), {node.http.get()});
  expect_issued(issuer, "a.test");
  EXPECT_EQ(pebble->server().count("Issued certificate serial"), 1U);
  EXPECT_TRUE(node.tokens.empty());
}

TEST_F(PebbleTest, IssuesByTlsAlpn) {
  begin();
  Issuer& issuer = node.start(settings({{"a.test", "b.test"}}), {node.alpn.get()});
  expect_issued(issuer, "a.test");
  EXPECT_TRUE(node.certificates.empty());
}

TEST_F(PebbleTest, IssuesWildcardsByAProgram) {
  begin();
  const Solver dns = hook();
  Issuer& issuer = node.start(settings({{"*.w.test", "w.test"}}), {dns.get()});
  expect_issued(issuer, "*.w.test");
  EXPECT_EQ(node.recorder.certificates["*.w.test"]->names(), (std::vector<std::string>{"*.w.test", "w.test"}));
}

TEST_F(PebbleTest, IssuesByDnsUpdates) {
  const auto named = fakes::Named::start(runner, runtime::system_random());
  ASSERT_TRUE(named);
  begin({.environment = {}, .more = {}, .dns_server = named->endpoint().to_string()});
  for (const std::string& name : {std::string("*.a.test"), std::string("b.a.test")}) {  // b: delegated to another zone by a CNAME
    const Solver dns = update_solver(runner.loop, runtime::system_random(), {.server = named->endpoint(), .key = named->key()});
    Issuer& issuer = node.start(settings({{name}}), {dns.get()});
    expect_issued(issuer, name);
    node.stop();
  }
}

TEST_F(PebbleTest, IssuesForAddresses) {
  begin();
  Issuer& issuer = node.start(settings({{"127.0.0.1"}}), {node.alpn.get(), node.http.get()});
  expect_issued(issuer, "127.0.0.1");
}

TEST_F(PebbleTest, BindsAnExternalAccount) {
  begin({.environment = {}, .more = "\"externalAccountBindingRequired\": true, \"externalAccountMACKeys\": {\"kid-1\": \"zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\"},", .dns_server = {}});
  IssuerSettings how = settings({{"a.test"}});
  how.authorities[0].production.external_account = acme::ExternalAccount{"kid-1", Secret(*decode_base64url("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"))};
  Issuer& issuer = node.start(how, {node.http.get()});
  expect_issued(issuer, "a.test");
  node.stop();
  fakes::ScratchDirectory other;
  Node stranger(runner, other.file("certificates"), "n2");
  auto refused = ask(stranger.start(settings({{"a.test"}}), {stranger.http.get()}).issue("a.test"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.failure().error.slug, "acme-externalAccountRequired");
}

// Nine of ten nonces are refused; each call gets further.
TEST_F(PebbleTest, CopesWithRejectedNonces) {
  begin({.environment = {{"PEBBLE_WFE_NONCEREJECT", "90"}}, .more = {}, .dns_server = {}});
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  bool issued = false;
  for (int call = 0; call < 30 && !issued; ++call) issued = static_cast<bool>(ask(issuer.issue("a.test")));
  EXPECT_TRUE(issued);
  EXPECT_EQ(pebble->server().count("Issued certificate serial"), 1U);
}

TEST_F(PebbleTest, UsesAuthorizationsAgain) {
  begin({.environment = {{"PEBBLE_AUTHZREUSE", "100"}}, .more = {}, .dns_server = {}});
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  expect_issued(issuer, "a.test");
  http_server.reset();  // nobody could validate any more
  expect_issued(issuer, "a.test");
  EXPECT_EQ(pebble->server().count("Issued certificate serial"), 2U);
}

TEST_F(PebbleTest, TakesARefusalOnce) {
  begin({.environment = {}, .more = "\"domainBlocklist\": [\"blocked.test\"],", .dns_server = {}});
  node.start(settings({{"blocked.test"}}), {node.http.get()});
  node.run();
  ASSERT_TRUE(runner.until([&] { return node.recorder.failures == 1; }, 20s));
  EXPECT_EQ(node.recorder.last->problem, "rejectedIdentifier");
  EXPECT_FALSE(runner.until([&] { return node.recorder.failures > 1; }, 3s));
  EXPECT_GT(node.issuer->status()[0].not_before, runtime::system_clock().wall() + 50s);
}

TEST_F(PebbleTest, SaysWhyAValidationFailed) {
  begin();
  http_server.reset();
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  auto outcome = ask(issuer.issue("a.test"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.failure().kind, acme::FailureKind::kValidation);
  EXPECT_NE(outcome.failure().error.message.find("http-01 for a.test"), std::string::npos);
  EXPECT_TRUE(node.tokens.empty());
}

TEST_F(PebbleTest, FallsBackToAnotherChallenge) {
  begin();
  http_server.reset();
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get(), node.alpn.get()});
  expect_ok(ask(issuer.issue("a.test")));
}

// The authority is stopped in the middle of an order, and comes back without any memory.
TEST_F(PebbleTest, SurvivesAnAuthorityThatForgets) {
  begin();
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  expect_ok(ask(issuer.issue("a.test")));
  std::optional<Outcome<Done>> cut;
  runtime::TaskGroup group;
  group.spawn([](runtime::Task<Outcome<Done>> task, std::optional<Outcome<Done>>& out) -> runtime::Task<void> { out.emplace(co_await task); }(issuer.issue("a.test"), cut));
  ASSERT_TRUE(runner.until([&] { return !node.tokens.empty(); }, 20s));
  pebble->stop();
  ASSERT_TRUE(runner.until([&] { return cut.has_value(); }, 60s));
  ASSERT_FALSE(*cut);
  EXPECT_EQ(cut->failure().kind, acme::FailureKind::kTransient) << cut->failure().error.message;
  EXPECT_TRUE(node.tokens.empty());
  pebble->start();
  ASSERT_TRUE(pebble->ready());
  expect_ok(ask(issuer.issue("a.test")));
  EXPECT_EQ(pebble->server().count("Issued certificate serial"), 1U);
}

TEST_F(PebbleTest, RevokesAndReissues) {
  begin();
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  expect_ok(ask(issuer.issue("a.test")));
  const std::string first = serial("a.test");
  EXPECT_NE(pebble->certificate_status(first).find("\"Status\": \"Valid\""), std::string::npos) << pebble->certificate_status(first);
  expect_ok(ask(issuer.revoke("a.test", acme::RevocationReason::kKeyCompromise)));
  EXPECT_NE(pebble->certificate_status(first).find("\"Status\": \"Revoked\""), std::string::npos) << pebble->certificate_status(first);
  EXPECT_NE(serial("a.test"), first);
}

TEST_F(PebbleTest, ChangesItsAccountKey) {
  begin();
  Issuer& issuer = node.start(settings({{"a.test"}}), {node.http.get()});
  expect_ok(ask(issuer.issue("a.test")));
  expect_ok(ask(issuer.change_account_keys(pki::KeyType::kEcdsaP384)));
  expect_ok(ask(issuer.issue("a.test")));
  node.stop();
  expect_ok(ask(node.start(settings({{"a.test"}}), {node.http.get()}).issue("a.test")));  // from what is stored
  EXPECT_EQ(pebble->server().count("POST /rollover-account-key"), 1U);
  EXPECT_EQ(pebble->server().count("accounts in memory"), 1U) << pebble->server().output();
}

TEST_F(PebbleTest, OrdersOnceAmongNodes) {
  begin();
  std::vector<std::vector<std::string>> names;
  for (int i = 0; i < 6; ++i) names.push_back({"h" + std::to_string(i) + ".test"});
  Node other(runner, scratch.file("certificates"), "n2");
  http_server.reset();
  http_server = std::make_unique<fakes::LoopServer>(runner.loop, pebble->http_port, fakes::ServerScript{.tls = {}, .answer = [&](const fakes::Asked& asked) {
    const std::string mine = serve_token(node.tokens, asked);
    return mine.find(" 200 ") != std::string::npos ? mine : serve_token(other.tokens, asked);
  }});
  node.start(settings(names), {node.http.get()});
  other.start(settings(names), {other.http.get()});
  node.run();
  other.run();
  EXPECT_TRUE(runner.until([&] { return node.recorder.certificates.size() == 6 && other.recorder.certificates.size() == 6; }, 200s));
  EXPECT_EQ(pebble->server().count("Issued certificate serial"), 6U);
}

// Certificates of twenty seconds, kept for half a minute.
TEST_F(PebbleTest, KeepsShortLivedCertificatesFresh) {
  begin({.environment = {{"PEBBLE_AUTHZREUSE", "100"}}, .more = "\"certificateValidityPeriod\": 20,", .dns_server = {}});
  IssuerSettings how = settings({{"a.test"}});
  how.tick = 500ms;
  node.start(how, {node.http.get()});
  node.run();
  ASSERT_TRUE(runner.until([&] { return node.recorder.installs == 1; }, 20s));
  const auto begin_time = runtime::system_clock().now();
  ASSERT_TRUE(runner.until([&] {
    EXPECT_GT(node.recorder.certificates["a.test"]->not_after(), runtime::system_clock().wall());
    return runtime::system_clock().now() - begin_time > 30s || HasFailure();
  }, 60s));
  EXPECT_GE(node.recorder.installs, 3);
  EXPECT_LE(node.recorder.installs, 6);
}

// From an RSA key to everything else that can be asked for.
TEST_F(PebbleTest, IssuesForEachKindOfKey) {
  begin({.environment = {{"PEBBLE_AUTHZREUSE", "100"}}, .more = {}, .dns_server = {}});
  for (const pki::KeyType type : {pki::KeyType::kEcdsaP256, pki::KeyType::kEcdsaP384, pki::KeyType::kRsa}) {
    IssuerSettings how = settings({{"a.test"}});
    how.certificates[0].key_type = type;
    expect_ok(ask(node.start(how, {node.http.get()}).issue("a.test")));
    node.stop();
  }
}

}  // namespace
}  // namespace gatehouse::issuer
