// What a person asks for.
#include "gatehouse/issuer/issuer.h"

#include "issuer_fixture.h"

namespace gatehouse::issuer {
namespace {

TEST_F(IssuerTest, RevokesAndReissuesWithAnotherKey) {
  Node& only = node("n1");
  IssuerSettings how = settings();
  how.certificates[0].keep_key = true;
  Issuer& issuer = start(only, how);
  expect_ok(ask(issuer.issue("a.test")));
  const std::string before((*only.vault->get(acme::Kind::kCertificate, "a.test"))->reveal());
  expect_ok(ask(issuer.issue("a.test")));
  const std::string same((*only.vault->get(acme::Kind::kCertificate, "a.test"))->reveal());
  expect_ok(ask(issuer.revoke("a.test", acme::RevocationReason::kKeyCompromise)));
  const std::string after((*only.vault->get(acme::Kind::kCertificate, "a.test"))->reveal());
  const auto key = [](const std::string& bundle) { return bundle.substr(0, bundle.find("-----END")); };
  EXPECT_EQ(key(before), key(same));
  EXPECT_NE(key(before), key(after));
  EXPECT_EQ(site.ca.revoked.size(), 1U);
  EXPECT_EQ(site.ca.issued, 3);
  EXPECT_EQ(ask(issuer.revoke("b.test", acme::RevocationReason::kSuperseded)).failure().error.slug, "not-found");
}

TEST_F(IssuerTest, ReplacesWhatWasRevoked) {
  Node& only = node("n1");
  Issuer& issuer = start(only, settings());
  expect_ok(ask(issuer.issue("a.test")));
  const std::string before(only.recorder.certificates["a.test"]->fingerprint());
  site.ca.validate = [](const AcmeCa::Proof&) { return false; };
  EXPECT_FALSE(ask(issuer.revoke("a.test", acme::RevocationReason::kSuperseded)));
  EXPECT_EQ(site.ca.revoked.size(), 1U);
  EXPECT_TRUE(only.vault->list(acme::Kind::kCertificate)->empty());  // it does not come back after a restart
  EXPECT_EQ(only.recorder.failures, 1);
  site.ca.validate = [this](const AcmeCa::Proof& proof) { return shows(proof); };
  only.run();
  EXPECT_TRUE(until([&] { return only.recorder.installs == 2; }, 1min));
  EXPECT_NE(only.recorder.certificates["a.test"]->fingerprint(), before);
}

TEST_F(IssuerTest, RenewsForAPersonWhenItIsDue) {
  Node& only = node("n1");
  Issuer& issuer = start(only, settings());
  bool renewed = false;
  expect_ok(ask(issuer.renew("a.test", renewed)));  // there was none
  EXPECT_TRUE(renewed);
  expect_ok(ask(issuer.renew("a.test", renewed)));
  EXPECT_FALSE(renewed);
  EXPECT_EQ(site.ca.issued, 1);
  clock.advance(61 * 24h);
  expect_ok(ask(issuer.renew("a.test", renewed)));
  EXPECT_TRUE(renewed);
  EXPECT_EQ(site.ca.issued, 2);
}

TEST_F(IssuerTest, AdoptsACertificateFromElsewhere) {
  Node& only = node("n1");
  Issuer& issuer = start(only, settings());
  const auto fits = root.issue({.common_name = "a", .names = "DNS:a.test", .ends = 30 * 24h});
  const auto wrong = root.issue({.common_name = "b", .names = "DNS:b.test", .ends = 30 * 24h});
  EXPECT_EQ(ask(issuer.adopt("a.test", wrong.chain, *pki::Key::parse(wrong.key))).failure().error.slug, "certificate-names");
  EXPECT_EQ(ask(issuer.adopt("a.test", fits.chain, *pki::Key::parse(wrong.key))).failure().error.slug, "key-mismatch");
  EXPECT_TRUE(only.vault->list(acme::Kind::kCertificate)->empty());
  expect_ok(ask(issuer.adopt("a.test", fits.chain, *pki::Key::parse(fits.key))));
  EXPECT_EQ(only.recorder.installs, 1);
  EXPECT_EQ(site.ca.requests, 0);
  only.run();
  EXPECT_TRUE(until([&] { return only.recorder.installs == 2; }, 10min));  // it is renewed like every other
  EXPECT_EQ(site.ca.issued, 1);
}

TEST_F(IssuerTest, ChangesTheKeysOfItsAccounts) {
  Node& only = node("n1");
  Issuer& issuer = start(only, settings());
  expect_ok(ask(issuer.change_account_keys(pki::KeyType::kEcdsaP256)));
  EXPECT_EQ(site.ca.accounts_made, 0);  // there was none
  expect_ok(ask(issuer.issue("a.test")));
  const std::string before((*only.vault->get(acme::Kind::kAccount, account_name(site.ca.directory_url())))->reveal());
  expect_ok(ask(issuer.change_account_keys(pki::KeyType::kEcdsaP384)));
  EXPECT_NE(std::string((*only.vault->get(acme::Kind::kAccount, account_name(site.ca.directory_url())))->reveal()), before);
  expect_ok(ask(issuer.issue("a.test")));
  EXPECT_EQ(site.ca.accounts_made, 1);
}

}  // namespace
}  // namespace gatehouse::issuer
