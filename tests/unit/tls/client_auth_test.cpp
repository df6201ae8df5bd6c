// Mutual TLS: who must show what, by name; what a certificate of a client must be; and that no ticket leads around it.
#include "gatehouse/tls/client_auth.h"

#include <filesystem>
#include <fstream>

#include "gatehouse/runtime/random.h"
#include "pair.h"

namespace gatehouse::tls {
namespace {

using std::chrono::hours;
using AuthPtr = std::shared_ptr<const ClientAuth>;

class ClientAuthTest : public testing::Test {
 protected:
  ClientAuthTest() {
    char path[] = "/tmp/gatehouse-client-auth-XXXXXX";
    directory = ::mkdtemp(path);
  }
  ~ClientAuthTest() override { std::filesystem::remove_all(directory); }

  std::string write(const std::string& text) {
    const std::string path = directory + "/" + std::to_string(++files) + ".pem";
    std::ofstream(path) << text;
    return path;
  }
  AuthPtr load(ClientAuthSettings settings) {
    auto loaded = ClientAuth::load(settings);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *std::move(loaded) : nullptr;
  }
  AuthPtr auth(ClientAuthMode mode, const std::string& bundle, const std::string& lists = {}, std::uint32_t depth = 3) {
    return load({.mode = mode, .ca = write(bundle), .crl = lists.empty() ? std::string() : write(lists), .depth = depth});
  }
  std::shared_ptr<const Context> context(AuthPtr all, std::map<std::string, AuthPtr> of = {}) {
    return context_of({.certificates = {server},
                       .ticket_keys = keys,
                       .client_auth = std::move(all),
                       .client_auth_of = std::move(of)});
  }
  fakes::TestCa::Pem client_of(const fakes::TestCa& ca, const char* name = "client") { return ca.issue({.common_name = name}); }

  // "ok", "ok with" the client's name, or the alert.
  static std::string outcome(const Pair& pair) {
    if (!pair.ok() || pair.alert() != 0) return "alert " + std::to_string(pair.alert());
    const std::string der = pair.server->client_certificate();
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const X509Ptr shown(der.empty() ? nullptr : d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    if (!shown) return "ok";
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name, sizeof name);
    return std::string("ok with ") + name;
  }
  static std::string visit(const Context& context, const fakes::TestCa::Pem* certificate, const char* sni = "a.test") {
    std::string result;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      const Pair pair(context, {.sni = sni, .max_version = version, .certificate = certificate});
      const std::string this_time = outcome(pair);
      if (result.empty()) result = this_time;
      if (result.starts_with("alert") && this_time.starts_with("alert")) continue;  // 1.2 and 1.3 have other numbers for it
      EXPECT_EQ(this_time, result) << "the versions differ";
    }
    return result;
  }
  static bool refused(const std::string& result) { return result.starts_with("alert "); }

  fakes::ManualClock clock;
  std::shared_ptr<TicketKeys> keys = std::make_shared<TicketKeys>(clock, runtime::system_random());
  fakes::TestCa web{"web", kNow}, root{"partners", kNow}, middle{"partners middle", root}, other{"others", kNow};
  std::shared_ptr<const Certificate> server =
      certificate_of(web.issue({.common_name = "server", .names = "DNS:a.test,DNS:*.a.test,DNS:b.test"}));
  fakes::TestCa::Pem good = client_of(root), foreign = client_of(other);
  std::string directory;
  int files = 0;
};

TEST_F(ClientAuthTest, Off) {
  const auto nobody = context(nullptr);
  EXPECT_EQ(visit(*nobody, nullptr), "ok");
  EXPECT_EQ(visit(*nobody, &good), "ok") << "not asked, so not shown";
  EXPECT_FALSE(nobody->asks_clients());
  EXPECT_EQ(load({.mode = ClientAuthMode::kOff, .ca = "/nowhere"}), nullptr);
}

TEST_F(ClientAuthTest, Optional) {
  const auto optional = context(auth(ClientAuthMode::kOptional, root.pem()));
  EXPECT_EQ(visit(*optional, nullptr), "ok");
  EXPECT_EQ(visit(*optional, &good), "ok with client");
  EXPECT_TRUE(refused(visit(*optional, &foreign))) << "what is shown must verify";
}

TEST_F(ClientAuthTest, Required) {
  const auto required = context(auth(ClientAuthMode::kRequire, root.pem()));
  EXPECT_TRUE(required->asks_clients());
  EXPECT_EQ(visit(*required, &good), "ok with client");
  EXPECT_TRUE(refused(visit(*required, nullptr)));
  EXPECT_TRUE(refused(visit(*required, &foreign)));
  EXPECT_EQ(Pair(*required, {.sni = "a.test"}).alert(), SSL_AD_CERTIFICATE_REQUIRED);
}

TEST_F(ClientAuthTest, TheClientLearnsWhomWeTrust) {
  const Pair pair(*context(auth(ClientAuthMode::kOptional, root.pem() + other.pem())), {});
  ASSERT_TRUE(pair.ok());
  EXPECT_EQ(sk_X509_NAME_num(SSL_get0_peer_CA_list(pair.client.get())), 2);
}

TEST_F(ClientAuthTest, WhatIsNoGoodCertificateOfAClient) {
  const auto required = context(auth(ClientAuthMode::kRequire, root.pem()));
  const auto early = root.issue({.common_name = "early", .begins = hours(1)});
  const auto servers = root.issue({.common_name = "server only", .usage = "serverAuth"});
  const auto clients = root.issue({.common_name = "client only", .usage = "clientAuth"});
  const auto brief = root.issue({.common_name = "brief", .ends = hours(1)});
  EXPECT_TRUE(refused(visit(*required, &early)));
  EXPECT_TRUE(refused(visit(*required, &servers)));
  EXPECT_EQ(visit(*required, &clients), "ok with client only");
  EXPECT_EQ(visit(*required, &brief), "ok with brief");
  Pair later;
  later.clock.advance(hours(2));
  ASSERT_TRUE(later.server->accept_tls(*required));
  later.start_client({.certificate = &brief});
  later.handshake();
  EXPECT_TRUE(refused(outcome(later))) << "the daemon's clock decides";
}

TEST_F(ClientAuthTest, DepthAndAuthoritiesBelowTheRoot) {
  const fakes::TestCa deeper("deeper", middle);
  const auto one = client_of(middle), two = client_of(deeper);
  const auto with_depth = [&](std::uint32_t depth) { return context(auth(ClientAuthMode::kRequire, root.pem(), {}, depth)); };
  EXPECT_EQ(visit(*with_depth(0), &good), "ok with client");
  EXPECT_TRUE(refused(visit(*with_depth(0), &one)));
  EXPECT_EQ(visit(*with_depth(1), &one), "ok with client");
  EXPECT_TRUE(refused(visit(*with_depth(1), &two)));
  EXPECT_EQ(visit(*with_depth(2), &two), "ok with client");
  const auto middle_alone = context(auth(ClientAuthMode::kRequire, middle.pem()));
  EXPECT_EQ(visit(*middle_alone, &one), "ok with client");
  EXPECT_TRUE(refused(visit(*middle_alone, &good))) << "the root was not trusted";
}

TEST_F(ClientAuthTest, RevocationListsCoverTheChain) {
  const auto bad = client_of(root, "bad"), below = client_of(middle, "below");
  const auto with = [&](const std::string& lists) { return context(auth(ClientAuthMode::kRequire, root.pem(), lists)); };
  const auto of_root = with(root.revocations({bad.chain}));
  EXPECT_EQ(visit(*of_root, &good), "ok with client");
  EXPECT_TRUE(refused(visit(*of_root, &bad)));
  EXPECT_TRUE(refused(visit(*of_root, &below))) << "no list of the middle says that it is good";
  const auto of_both = with(root.revocations({bad.chain}) + middle.revocations({}));
  EXPECT_EQ(visit(*of_both, &below), "ok with below");
  const auto without_middle = with(root.revocations({middle.pem()}) + middle.revocations({}));
  EXPECT_TRUE(refused(visit(*without_middle, &below))) << "the middle is revoked";
  EXPECT_TRUE(refused(visit(*with(root.revocations({}, hours(-1))), &good))) << "the list is not in force any more";
  const auto middle_alone = context(auth(ClientAuthMode::kRequire, middle.pem(), middle.revocations({})));
  EXPECT_EQ(visit(*middle_alone, &below), "ok with below") << "the trusted authority itself needs no list";
}

TEST_F(ClientAuthTest, EachNameHasItsOwnRule) {
  const AuthPtr partners = auth(ClientAuthMode::kRequire, root.pem()), others = auth(ClientAuthMode::kRequire, other.pem());
  const auto rules = context(nullptr, {{"a.test", partners}, {"*.a.test", others}, {"open.a.test", nullptr}});
  const auto who = [&](const char* sni) {
    std::string list;
    using Client = std::pair<const char*, const fakes::TestCa::Pem*>;
    const Client clients[] = {{"nobody", nullptr}, {"partner", &good}, {"other", &foreign}};
    for (const auto& [name, pem] : clients)
      if (!refused(visit(*rules, pem, sni))) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
  };
  EXPECT_EQ(who("a.test"), "partner");
  EXPECT_EQ(who("A.Test."), "partner");
  EXPECT_EQ(who("x.a.test"), "other");
  EXPECT_EQ(who("open.a.test"), "nobody, partner, other") << "a rule of its own inherits nothing from the wildcard's";
  EXPECT_EQ(who("b.test"), "nobody, partner, other");
  EXPECT_EQ(who(""), "nobody, partner, other");
  EXPECT_EQ(rules->client_auth("a.test"), partners.get());
  EXPECT_EQ(rules->client_auth("A.TEST."), partners.get());
  EXPECT_EQ(rules->client_auth("y.a.test"), others.get());
  EXPECT_EQ(rules->client_auth("open.a.test"), nullptr);
  EXPECT_EQ(rules->client_auth("127.0.0.1"), nullptr);
}

// caddyserver/caddy#7920: the covering wildcard's rule, or the lack of one, must not reach the host's.
TEST_F(ClientAuthTest, AHostDoesNotLoseItsRuleToAWildcardWithoutOne) {
  const AuthPtr partners = auth(ClientAuthMode::kRequire, root.pem());
  for (const AuthPtr& all : {AuthPtr(), auth(ClientAuthMode::kOptional, other.pem()), auth(ClientAuthMode::kRequire, other.pem())}) {
    const auto rules = context(all, {{"*.a.test", nullptr}, {"x.a.test", partners}});
    EXPECT_TRUE(refused(visit(*rules, nullptr, "x.a.test")));
    EXPECT_EQ(visit(*rules, &good, "x.a.test"), "ok with client");
    EXPECT_EQ(visit(*rules, nullptr, "y.a.test"), "ok") << "nor does it get one from above";
  }
}

TEST_F(ClientAuthTest, ConnectionsKnowTheirRule) {
  const AuthPtr partners = auth(ClientAuthMode::kRequire, root.pem());
  const auto rules = context(nullptr, {{"a.test", partners}});
  EXPECT_EQ(Pair(*rules, {.sni = "a.test", .certificate = &good}).server->client_auth(), partners.get());
  EXPECT_EQ(Pair(*rules, {.sni = "b.test", .certificate = &good}).server->client_auth(), nullptr);
}

class ClientAuthResumptionTest : public ClientAuthTest, public testing::WithParamInterface<int> {
 protected:
  SessionPtr ticket(const Context& context, const char* sni, const fakes::TestCa::Pem* certificate) {
    Pair first(context, {.sni = sni, .max_version = GetParam(), .certificate = certificate});
    EXPECT_TRUE(first.ok()) << first.server_error.message;
    return first.session();
  }
  // With a ticket and no certificate.
  std::string back(const Context& context, const char* sni, const SessionPtr& session) {
    const SessionPtr copy(SSL_SESSION_dup(session.get()));
    const Pair again(context, {.sni = sni, .max_version = GetParam(), .session = copy.get()});
    return (again.resumed() ? "resumed, " : "anew, ") + outcome(again).substr(0, 14);
  }
};

TEST_P(ClientAuthResumptionTest, ATicketCarriesTheCertificate) {
  const auto required = context(auth(ClientAuthMode::kRequire, root.pem()));
  EXPECT_EQ(back(*required, "a.test", ticket(*required, "a.test", &good)), "resumed, ok with client");
}

TEST_P(ClientAuthResumptionTest, ATicketOfAnOpenNameDoesNotOpenAClosedOne) {
  const auto rules = context(nullptr, {{"a.test", auth(ClientAuthMode::kRequire, root.pem())}});
  EXPECT_TRUE(back(*rules, "a.test", ticket(*rules, "b.test", nullptr)).starts_with("anew, alert"));
}

TEST_P(ClientAuthResumptionTest, ATicketOfOtherClientsDoesNotOpenAName) {
  const auto rules = context(nullptr, {{"a.test", auth(ClientAuthMode::kRequire, root.pem())},
                                       {"b.test", auth(ClientAuthMode::kRequire, other.pem())}});
  EXPECT_TRUE(back(*rules, "a.test", ticket(*rules, "b.test", &foreign)).starts_with("anew, alert"));
  const SessionPtr optional = ticket(*context(auth(ClientAuthMode::kOptional, root.pem())), "a.test", nullptr);
  EXPECT_TRUE(back(*rules, "a.test", optional).starts_with("anew, alert"));
}

TEST_P(ClientAuthResumptionTest, AReloadWithAnotherBundleOrListEndsOldTickets) {
  const std::string lists = root.revocations({});
  const auto with = [&](const std::string& bundle, const std::string& revoked) {
    return context(auth(ClientAuthMode::kRequire, bundle, revoked));
  };
  const SessionPtr session = ticket(*with(root.pem(), lists), "a.test", &good);
  EXPECT_TRUE(back(*with(root.pem(), lists), "a.test", session).starts_with("resumed")) << "nothing changed";
  EXPECT_TRUE(back(*with(root.pem(), root.revocations({good.chain})), "a.test", session).starts_with("anew, alert"));
  EXPECT_TRUE(back(*with(root.pem() + other.pem(), lists), "a.test", session).starts_with("anew, alert"));
}

TEST_P(ClientAuthResumptionTest, AnExpiredCertificateDoesNotResume) {
  const auto required = context(auth(ClientAuthMode::kRequire, root.pem()));
  const auto brief = root.issue({.common_name = "brief", .ends = hours(3)});
  const SessionPtr session = ticket(*required, "a.test", &brief);
  clock.advance(hours(2));
  EXPECT_TRUE(back(*required, "a.test", session).starts_with("resumed"));
  clock.advance(hours(1));
  EXPECT_TRUE(back(*required, "a.test", session).starts_with("anew"));
}

INSTANTIATE_TEST_SUITE_P(Versions, ClientAuthResumptionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_F(ClientAuthTest, UnreadableFiles) {
  const auto slug = [](const ClientAuthSettings& settings) {
    const auto loaded = ClientAuth::load(settings);
    return loaded ? std::string("loaded") : loaded.error().slug;
  };
  const auto mode = ClientAuthMode::kRequire;
  const std::string bundle = write(root.pem()), cut = write(root.pem() + root.pem().substr(0, 100));
  EXPECT_EQ(slug({.mode = mode, .ca = directory + "/absent"}), "client-ca-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = write("")}), "client-ca-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = cut}), "client-ca-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = bundle, .crl = directory + "/absent"}), "client-crl-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = bundle, .crl = bundle}), "client-crl-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = bundle, .crl = write(root.revocations({}).substr(0, 150))}), "client-crl-unreadable");
  EXPECT_EQ(slug({.mode = mode, .ca = bundle, .crl = write(root.revocations({}) + middle.revocations({}))}), "loaded");
}

TEST_F(ClientAuthTest, AChainAboveTheLimitEndsTheHandshake) {
  const auto required = context(auth(ClientAuthMode::kRequire, root.pem()));
  Pair pair;
  ASSERT_TRUE(pair.server->accept_tls(*required));
  pair.start_client({.sni = "a.test", .certificate = &good});
  X509* const leaf = SSL_get_certificate(pair.client.get());
  for (int i = 0; i < 150; ++i) ASSERT_EQ(SSL_add1_chain_cert(pair.client.get(), leaf), 1);
  pair.handshake();
  EXPECT_FALSE(pair.ok());
  EXPECT_NE(pair.server_error.message.find("excessive message size"), std::string::npos) << pair.server_error.message;
}

}  // namespace
}  // namespace gatehouse::tls
