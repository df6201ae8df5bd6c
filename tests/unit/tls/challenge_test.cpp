// tls-alpn-01 (RFC 8737 section 3): who gets the certificate of a challenge, and that nobody else does.
#include "gatehouse/tls/challenges.h"

#include <unistd.h>

#include <cstdlib>

#include "gatehouse/runtime/random.h"
#include "pair.h"

namespace gatehouse::tls {
namespace {

class ChallengeTest : public testing::Test {
 protected:
  std::shared_ptr<const Certificate> named(const std::string& common_name, const std::string& name) {
    return certificate_of(root.issue({.common_name = common_name, .names = "DNS:" + name}));
  }
  std::string visit(const ClientOptions& options) {
    const Pair pair(*context, options);
    return pair.ok() ? pair.served() + " " + pair.client_alpn() : "alert " + std::to_string(pair.alert());
  }

  fakes::ManualClock clock;
  fakes::TestCa root{"root", kNow};
  std::shared_ptr<Challenges> challenges = std::make_shared<Challenges>();
  std::shared_ptr<TicketKeys> keys = std::make_shared<TicketKeys>(clock, runtime::system_random());
  std::shared_ptr<const Context> context = context_of({.certificates = {named("site", "a.test")},
                                                       .ticket_keys = keys,
                                                       .challenges = challenges});
};

TEST_F(ChallengeTest, OnlyWhoOffersNothingElseGetsIt) {
  challenges->set("a.test", named("challenge", "a.test"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1", .max_version = version}), "challenge acme-tls/1");
    EXPECT_EQ(visit({.sni = "A.Test", .alpn = "acme-tls/1", .max_version = version}), "challenge acme-tls/1");
    EXPECT_EQ(visit({.sni = "a.test", .alpn = "http/1.1", .max_version = version}), "site http/1.1");
    EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1,http/1.1", .max_version = version}), "site http/1.1");
    EXPECT_EQ(visit({.sni = "a.test", .max_version = version}), "site ");
  }
}

TEST_F(ChallengeTest, WithoutALiveOneThereIsNoProtocol) {
  const std::string refusal = "alert " + std::to_string(SSL_AD_NO_APPLICATION_PROTOCOL);
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1"}), refusal);
  challenges->set("a.test", named("challenge", "a.test"));
  EXPECT_EQ(visit({.sni = "b.test", .alpn = "acme-tls/1"}), refusal);
  EXPECT_EQ(visit({.alpn = "acme-tls/1"}), refusal);
  challenges->remove("a.test");
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1"}), refusal);
  context = context_of({.certificates = {named("site", "a.test")}});
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1"}), refusal);
}

TEST_F(ChallengeTest, ANameWithoutACertificateYetIsWhatItIsFor) {
  context = context_of({.certificates = {named("site", "a.test")}, .reject_unknown_names = true, .challenges = challenges});
  challenges->set("new.test", named("challenge", "new.test"));
  challenges->set("1.2.0.192.in-addr.arpa", named("address", "1.2.0.192.in-addr.arpa"));
  EXPECT_EQ(visit({.sni = "new.test", .alpn = "acme-tls/1"}), "challenge acme-tls/1");
  EXPECT_EQ(visit({.sni = "1.2.0.192.in-addr.arpa", .alpn = "acme-tls/1"}), "address acme-tls/1");
  EXPECT_EQ(visit({.sni = "new.test", .alpn = "http/1.1"}), "alert " + std::to_string(SSL_AD_UNRECOGNIZED_NAME));
}

TEST_F(ChallengeTest, AContextWithoutProtocolsHasThatOne) {
  context = context_of({.certificates = {named("site", "a.test")}, .protocols = {}, .challenges = challenges});
  challenges->set("a.test", named("challenge", "a.test"));
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1"}), "challenge acme-tls/1");
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "http/1.1"}), "site ");
}

TEST_F(ChallengeTest, LeavesNoTicketAndTakesNone) {
  challenges->set("a.test", named("challenge", "a.test"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Pair first(*context, {.sni = "a.test", .alpn = "acme-tls/1", .max_version = version});
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(SSL_SESSION_has_ticket(first.session().get()), 0);
    Pair site(*context, {.sni = "a.test", .max_version = version});
    const SessionPtr session = site.session();
    ASSERT_EQ(SSL_SESSION_has_ticket(session.get()), 1);
    Pair again(*context, {.sni = "a.test", .alpn = "acme-tls/1", .max_version = version, .session = session.get()});
    EXPECT_TRUE(again.ok());
    EXPECT_FALSE(again.resumed());
    EXPECT_EQ(again.served(), "challenge");
  }
}

TEST_F(ChallengeTest, AsksTheAuthorityForNoCertificate) {
  challenges->set("a.test", named("challenge", "a.test"));
  char path[] = "/tmp/gatehouse-challenge-XXXXXX";
  const UniqueFd file(::mkstemp(path));
  const std::string pem = root.pem();
  ASSERT_EQ(::write(file.get(), pem.data(), pem.size()), static_cast<ssize_t>(pem.size()));
  const auto auth = ClientAuth::load({.mode = ClientAuthMode::kRequire, .ca = path});
  ::unlink(path);
  ASSERT_TRUE(auth) << auth.error().message;
  context = context_of({.certificates = {named("site", "a.test")}, .client_auth = *auth, .challenges = challenges});
  EXPECT_EQ(visit({.sni = "a.test", .alpn = "acme-tls/1"}), "challenge acme-tls/1");
}

TEST_F(ChallengeTest, MayEndWhileItIsAnswered) {
  challenges->set("a.test", named("challenge", "a.test"));
  Pair pair;
  ASSERT_TRUE(pair.server->accept_tls(*context));
  pair.start_client({.sni = "a.test", .alpn = "acme-tls/1"});
  (void)SSL_do_handshake(pair.client.get());
  pair.turn();
  pair.server_state = pair.server->handshake(nullptr);
  challenges->remove("a.test");
  context.reset();
  pair.handshake();
  EXPECT_TRUE(pair.ok());
  EXPECT_EQ(pair.served(), "challenge");
}

}  // namespace
}  // namespace gatehouse::tls
