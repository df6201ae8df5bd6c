// The driver against the fake authority behind TLS. Time is manual: it passes while the loop turns.
#include "gatehouse/issuer/issuer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fakes/acme_ca.h"
#include "gatehouse/pki/chain.h"
#include "issuer_world.h"

namespace gatehouse::issuer {
namespace {

using acme::Done;
using acme::Outcome;
using fakes::AcmeCa;

std::string wire(const acme::Answer& answer, bool head) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  if (answer.status != 204) text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  return text + "\r\n" + (head ? std::string() : answer.body);
}

class IssuerTest : public ::testing::Test {
 protected:
  // An authority at its own port.
  struct Site {
    Site(IssuerTest& test) : ca(test.clock, "https://127.0.0.1:" + std::to_string(reserve(test))) {
      server = std::make_unique<fakes::LoopServer>(test.runner.loop, port, fakes::ServerScript{.tls = [&test] { return test.context; },
                                                                                                .answer = [this](const fakes::Asked& asked) { return answer(asked); }});
      ca.validate = [&test](const AcmeCa::Proof& proof) { return test.shows(proof); };
    }
    std::uint16_t reserve(IssuerTest& test) {
      auto listening = net::listen({.host = "127.0.0.1", .port = 0});
      static_cast<void>(test);
      return port = net::local_endpoint(listening->get())->port();
    }
    std::string answer(const fakes::Asked& asked) {
      const bool head = asked.method == "HEAD";
      acme::Request request{.method = head ? acme::Method::kHead : asked.method == "POST" ? acme::Method::kPost : acme::Method::kGet,
                            .url = "https://127.0.0.1:" + std::to_string(port) + asked.target, .body = asked.body,
                            .accept = asked.target.starts_with("/cert") || asked.target.starts_with("/alt") ? "application/pem-certificate-chain" : ""};
      return wire(ca.handle(request), head);
    }
    acme::Authority authority() const { return {.directory = ca.directory_url(), .contacts = {"mailto:ops@a.test"}}; }
    std::uint16_t port = 0;
    AcmeCa ca;
    std::unique_ptr<fakes::LoopServer> server;
  };

  IssuerTest() {
    const auto leaf = root.issue({.common_name = "ca", .names = "IP:127.0.0.1", .ends = fakes::TestCa::kLong});
    auto built = tls::Context::build({.certificates = {*tls::Certificate::parse(leaf.chain, leaf.key, clock.wall())}});
    context = *built;
    ca_file = scratch.write("ca.pem", root.pem());
  }
  bool shows(const AcmeCa::Proof& proof) {
    for (const Node* node : nodes) {
      const auto found = node->tokens.find(proof.token);
      if (proof.type == "http-01" && found != nullptr && *found == proof.key_authorization) return true;
    }
    return false;
  }
  IssuerSettings settings(std::vector<std::vector<std::string>> names = {{"a.test"}}) {
    IssuerSettings made{.node = {}, .authorities = {{.production = site.authority(), .ca_file = ca_file}}, .tick = 1s};
    for (const auto& list : names) made.certificates.push_back({.names = *pki::parse_names(list)});
    return made;
  }
  Node& node(std::string name) {
    owned.push_back(std::make_unique<Node>(runner, scratch.file("certificates"), std::move(name)));
    nodes.push_back(owned.back().get());
    return *owned.back();
  }
  Issuer& start(Node& at, IssuerSettings how) { return at.start(std::move(how), {at.http.get()}); }

  // Turns until it holds; `speed` of time passes in each turn, less while orders are under way: peers answer in real time.
  bool until(const std::function<bool()>& holds, runtime::Duration speed = 50ms) {
    return runner.until([&] {
      if (holds()) return true;
      clock.advance(busy() ? std::min<runtime::Duration>(speed, 50ms) : speed);
      return false;
    });
  }
  bool busy() const {
    return std::ranges::any_of(nodes, [](const Node* one) {
      return one->issuer && std::ranges::any_of(one->issuer->status(), [](const auto& status) { return status.at_work; });
    });
  }
  Outcome<Done> ask(runtime::Task<Outcome<Done>> task) {
    std::optional<Outcome<Done>> result;
    runtime::TaskGroup group;
    group.spawn(keep(std::move(task), result));
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return *std::move(result);
  }
  static runtime::Task<void> keep(runtime::Task<Outcome<Done>> task, std::optional<Outcome<Done>>& out) { out.emplace(co_await task); }
  void expect_ok(Outcome<Done> outcome) { EXPECT_TRUE(outcome) << outcome.failure().error.message; }

  fakes::ManualClock clock;
  fakes::LoopRunner runner{clock};
  fakes::ScratchDirectory scratch;
  fakes::TestCa root{"directory root", clock.wall()};
  std::string ca_file;
  std::shared_ptr<const tls::Context> context;
  Site site{*this};
  std::vector<Node*> nodes;
  std::vector<std::unique_ptr<Node>> owned;
};

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
