#include "gatehouse/issuer/issuer.h"

#include "gatehouse/pki/chain.h"
#include "issuer_fixture.h"

namespace gatehouse::issuer {
namespace {

TEST_F(IssuerTest, IssuesAndStores) {
  Node& first = node("n1");
  expect_ok(ask(start(first, settings({{"a.test", "www.a.test"}})).issue("a.test")));
  ASSERT_EQ(first.recorder.installs, 1);
  EXPECT_EQ(first.recorder.certificates["a.test"]->names(), (std::vector<std::string>{"a.test", "www.a.test"}));
  EXPECT_EQ(site.ca.faults_of_client, std::vector<std::string>{});
  EXPECT_TRUE(first.tokens.empty());
  EXPECT_EQ(*first.vault->list(acme::Kind::kCertificate), std::vector<std::string>{"a.test"});
  EXPECT_TRUE(first.vault->list(acme::Kind::kOrder)->empty());
  const auto status = first.issuer->status();
  EXPECT_EQ(status[0].directory, site.ca.directory_url());
  EXPECT_GT(status[0].renewal, clock.wall() + 57 * 24h);
  EXPECT_LE(status[0].renewal, clock.wall() + 60 * 24h);
  EXPECT_FALSE(first.issuer->account_url().empty());
}

TEST_F(IssuerTest, ServesWhatIsStoredAfterAStart) {
  Node& first = node("n1");
  expect_ok(ask(start(first, settings()).issue("a.test")));
  first.stop();
  site.server.reset();  // the authority is gone
  Node& second = node("n1");
  start(second, settings());
  second.run();
  EXPECT_TRUE(until([&] { return second.recorder.installs == 1; }));
  EXPECT_EQ(second.recorder.certificates["a.test"]->fingerprint(), first.recorder.certificates["a.test"]->fingerprint());
  EXPECT_EQ(site.ca.issued, 1);
}

TEST_F(IssuerTest, RenewsInTime) {
  Node& only = node("n1");
  start(only, settings());
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }));
  site.ca.renewal_information = false;
  clock.advance(57 * 24h);
  const runtime::WallTime end = only.recorder.certificates["a.test"]->not_after();
  EXPECT_TRUE(until([&] { return clock.wall() > end - 32 * 24h; }, 10min));
  EXPECT_EQ(only.recorder.installs, 1);
  clock.advance(only.issuer->status()[0].renewal - clock.wall());
  EXPECT_LT(clock.wall(), end - 29 * 24h);
  EXPECT_TRUE(until([&] { return only.recorder.installs == 2; }));
  EXPECT_LT(clock.wall(), only.recorder.certificates["a.test"]->not_before() + 24h);
}

// RFC 9773: the authority wants it back now; the order says what it replaces.
TEST_F(IssuerTest, FollowsTheAuthoritysWindow) {
  site.ca.window_start = clock.wall() + 50 * 24h;
  site.ca.window_end = clock.wall() + 51 * 24h;
  Node& only = node("n1");
  start(only, settings());
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }));
  ASSERT_TRUE(until([&] { return only.issuer->status()[0].renewal < site.ca.window_end; }));
  EXPECT_GE(only.issuer->status()[0].renewal, site.ca.window_start);
  const runtime::WallTime planned = only.issuer->status()[0].renewal;
  const int asked = site.ca.windows_asked;
  clock.advance(6h + 1min);
  ASSERT_TRUE(until([&] { return site.ca.windows_asked > asked; }));
  ASSERT_TRUE(until([&] { return !only.issuer->status()[0].at_work; }));
  EXPECT_EQ(only.issuer->status()[0].renewal, planned);  // asked again, kept
  site.ca.window_start = clock.wall() - 48h;
  site.ca.window_end = clock.wall() - 24h;
  clock.advance(6h + 1min);
  EXPECT_TRUE(until([&] { return only.recorder.installs == 2; }));
  EXPECT_EQ(site.ca.replaced.size(), 1U);
}

TEST_F(IssuerTest, KeepsItsChoiceAcrossARestart) {
  site.ca.window_start = clock.wall() + 50 * 24h;
  site.ca.window_end = clock.wall() + 51 * 24h;
  Node& first = node("n1");
  start(first, settings());
  first.run();
  ASSERT_TRUE(until([&] { return first.recorder.installs == 1 && first.issuer->status()[0].renewal < site.ca.window_end; }));
  ASSERT_TRUE(until([&] { return !first.issuer->status()[0].at_work; }));
  const runtime::WallTime planned = first.issuer->status()[0].renewal;
  first.stop();
  Node& second = node("n1");
  start(second, settings());
  second.run();
  ASSERT_TRUE(until([&] { return second.recorder.installs == 1; }));
  EXPECT_EQ(second.issuer->status()[0].renewal, planned);
}

TEST_F(IssuerTest, OrdersEachCertificateOnceAmongNodes) {
  std::vector<std::vector<std::string>> names;
  for (int i = 0; i < 8; ++i) names.push_back({"h" + std::to_string(i) + ".test"});
  Node& first = node("n1");
  Node& second = node("n2");
  start(first, settings(names));
  start(second, settings(names));
  first.run();
  second.run();
  EXPECT_TRUE(until([&] { return first.recorder.certificates.size() == 8 && second.recorder.certificates.size() == 8; }, 5ms));
  EXPECT_EQ(site.ca.issued, 8);
  EXPECT_EQ(site.ca.orders_made, 8);
  EXPECT_EQ(site.ca.accounts_made, 1);
}

TEST_F(IssuerTest, GoesOnWhereAnotherProcessStopped) {
  site.ca.processing_polls = 1'000'000;
  Node& first = node("n1");
  start(first, settings());
  first.run();
  ASSERT_TRUE(until([&] { return site.ca.issued == 1; }, 5ms));
  first.stop();
  site.ca.processing_polls = 0;
  site.ca.intercept = [&](const acme::Request&, const std::string& path) -> std::optional<acme::Answer> {
    if (path == "/order") ADD_FAILURE() << "another order";
    return std::nullopt;
  };
  // The order is still being processed for ever; only its certificate is asked for again.
  site.ca.finish_processing();
  Node& second = node("n1");
  start(second, settings());
  second.run();
  EXPECT_TRUE(until([&] { return second.recorder.installs == 1; }));
  EXPECT_EQ(site.ca.issued, 1);
}

TEST_F(IssuerTest, RehearsesAndFallsBackToAnotherAuthority) {
  Site staging{*this};
  Site other{*this};
  site.ca.validate = [](const AcmeCa::Proof&) { return false; };
  staging.ca.validate = site.ca.validate;
  other.ca.blocked = {"a.test"};
  IssuerSettings how = settings();
  how.authorities[0].staging = staging.authority();
  how.authorities.push_back({.production = other.authority(), .ca_file = ca_file});
  Node& only = node("n1");
  start(only, how);
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.failures == 1; }));
  EXPECT_EQ(site.ca.orders_made, 1);
  EXPECT_EQ(staging.ca.orders_made, 0);
  ASSERT_TRUE(until([&] { return only.recorder.failures == 2; }));
  EXPECT_EQ(site.ca.orders_made, 1);  // its turn was passed over
  EXPECT_EQ(staging.ca.orders_made, 1);
  other.ca.blocked.clear();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }, 200ms));
  EXPECT_EQ(other.ca.issued, 1);
  EXPECT_EQ(only.issuer->status()[0].directory, other.ca.directory_url());
  EXPECT_EQ(staging.ca.issued, 0);
}

TEST_F(IssuerTest, TakesARehearsalForNothingElse) {
  Site staging{*this};
  bool works = false;
  site.ca.validate = [&](const AcmeCa::Proof& proof) { return works && shows(proof); };
  IssuerSettings how = settings();
  how.authorities[0].staging = staging.authority();
  Node& only = node("n1");
  start(only, how);
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.failures == 1; }));
  works = true;
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }, 200ms));
  EXPECT_EQ(staging.ca.issued, 1);
  EXPECT_EQ(site.ca.issued, 1);
  EXPECT_EQ(only.issuer->status()[0].directory, site.ca.directory_url());
}

// Acceptance: at most two attempts in ten minutes.
TEST_F(IssuerTest, DoesNotInsist) {
  site.ca.blocked = {"a.test"};
  Node& only = node("n1");
  start(only, settings());
  only.run();
  const auto begin = clock.wall();
  int orders = 0;
  site.ca.intercept = [&](const acme::Request&, const std::string& path) -> std::optional<acme::Answer> {
    orders += path == "/order" ? 1 : 0;
    return std::nullopt;
  };
  ASSERT_TRUE(until([&] { return clock.wall() > begin + 10min; }, 200ms));
  EXPECT_EQ(orders, 2);
  EXPECT_EQ(only.recorder.last->problem, "rejectedIdentifier");
  Node& restarted = node("n1");  // a start does not begin to count anew
  only.stop();
  start(restarted, settings());
  restarted.run();
  until([&] { return clock.wall() > begin + 10min + 20s; }, 200ms);
  EXPECT_EQ(orders, 2);
}

TEST_F(IssuerTest, HonoursARateLimit) {
  int orders = 0;
  bool limited = true;
  site.ca.intercept = [&](const acme::Request&, const std::string& path) -> std::optional<acme::Answer> {
    if (path != "/order") return std::nullopt;
    ++orders;
    if (!limited) return std::nullopt;
    return acme::Answer{.status = 429, .headers = {{"Retry-After", "3600"}},
                        .body = R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"})"};
  };
  Node& only = node("n1");
  start(only, settings());
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.failures == 1; }));
  const auto limited_at = clock.wall();
  limited = false;
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }, 1s));
  EXPECT_GE(clock.wall(), limited_at + 59min);
  EXPECT_EQ(orders, 2);
}

// Ten simulated minutes of certificates that live a minute.
TEST_F(IssuerTest, NeverServesAnExpiredCertificate) {
  site.ca.lifetime = 60s;
  site.ca.renewal_information = false;
  IssuerSettings how = settings();
  how.tick = 1s;
  Node& only = node("n1");
  start(only, how);
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }, 10ms));
  const auto begin = clock.wall();
  ASSERT_TRUE(until([&] {
    EXPECT_GT(only.recorder.certificates["a.test"]->not_after(), clock.wall());
    return clock.wall() > begin + 10min || ::testing::Test::HasFailure();
  }, 250ms));
  // It begins an hour before it is issued; what counts is the minute that we have it.
  EXPECT_LE(site.ca.issued, 22);
  EXPECT_GE(site.ca.issued, 11);
}

TEST_F(IssuerTest, SurvivesJumpsOfTheClock) {
  Node& only = node("n1");
  start(only, settings());
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }));
  clock.jump_wall(80 * 24h);
  ASSERT_TRUE(until([&] { return only.recorder.installs == 2; }));
  clock.jump_wall(-80 * 24h);
  const auto jumped = clock.now();
  ASSERT_TRUE(until([&] { return clock.now() > jumped + 5s; }));  // five ticks
  EXPECT_EQ(site.ca.issued, 2);
}

TEST_F(IssuerTest, OutlivesAnAuthorityThatIsDown) {
  Node& only = node("n1");
  start(only, settings());
  only.run();
  ASSERT_TRUE(until([&] { return only.recorder.installs == 1; }));
  bool down = true;
  int refused = 0;
  site.ca.intercept = [&](const acme::Request&, const std::string&) -> std::optional<acme::Answer> {
    if (!down) return std::nullopt;
    ++refused;
    return acme::Answer{.status = 503, .headers = {}, .body = {}};
  };
  clock.jump_wall(80 * 24h);
  const auto begin = clock.wall();
  ASSERT_TRUE(until([&] { return clock.wall() > begin + 3min; }, 200ms));
  EXPECT_GE(only.recorder.failures, 2);
  EXPECT_LE(refused, 20);
  down = false;
  EXPECT_TRUE(until([&] { return only.recorder.installs == 2; }, 200ms));
}

TEST_F(IssuerTest, TrustsNoOtherDirectory) {
  IssuerSettings how = settings();
  how.authorities[0].ca_file.clear();  // the system's
  Node& only = node("n1");
  auto outcome = ask(start(only, how).issue("a.test"));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.failure().error.slug, "tls-failed");
  EXPECT_EQ(site.ca.requests, 0);
  how.authorities[0].ca_file = scratch.file("missing.pem");
  auto made = Issuer::create({.network = {runner.loop, only.resolver}, .pool = only.pool, .random = runtime::system_random(), .vault = *only.vault,
                              .solvers = {}, .observer = only.recorder}, how);
  EXPECT_FALSE(made);
}

TEST_F(IssuerTest, OrdersNothingThatCannotBeStored) {
  Node& only = node("n1");
  Issuer& issuer = start(only, settings());
  ASSERT_TRUE(issuer.status().size() == 1);
  std::filesystem::remove_all(scratch.file("certificates/live"));
  std::filesystem::remove_all(scratch.file("certificates/orders"));
  const auto outcome = ask(issuer.issue("a.test"));
  EXPECT_FALSE(outcome);
  EXPECT_EQ(site.ca.issued, 0);
}

TEST(AccountNameTest, IsReadable) {
  EXPECT_EQ(account_name("https://acme-v02.api.letsencrypt.org/directory"), "acme-v02.api.letsencrypt.org_directory");
  EXPECT_EQ(account_name("https://localhost:14000/dir"), "localhost_14000_dir");
  EXPECT_EQ(account_name("https://CA.test/../../etc"), "ca.test_.._.._etc");
}

}  // namespace
}  // namespace gatehouse::issuer
