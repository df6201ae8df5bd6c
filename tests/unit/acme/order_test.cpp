#include "gatehouse/acme/order.h"

#include <gtest/gtest.h>

#include "fakes/acme_environment.h"
#include "gatehouse/pki/chain.h"

namespace gatehouse::acme {
namespace {

using namespace std::chrono_literals;
using fakes::AcmeCa;

class OrderTest : public ::testing::Test {
 protected:
  Plan plan(std::vector<std::string> names = {"a.test", "www.a.test"}) {
    return {.names = *pki::parse_names(names), .solvers = {&world.http, &world.alpn, &world.dns}};
  }
  Outcome<Issued> obtain_with(Plan wanted) {
    auto issued = fakes::run(obtain(session, world, world.order, std::move(wanted)));
    EXPECT_TRUE(issued) << "hangs";
    EXPECT_TRUE(world.http.presented.empty() && world.alpn.presented.empty() && world.dns.presented.empty());
    EXPECT_EQ(world.ca.faults_of_client, std::vector<std::string>{});
    if (*issued) world.order.text.reset();  // as whoever has stored the certificate does
    return *std::move(issued);
  }
  void expect_issued(Plan wanted) {
    const auto names = wanted.names;
    auto issued = obtain_with(std::move(wanted));
    ASSERT_TRUE(issued) << issued.failure().error.message;
    EXPECT_TRUE(pki::check_issued(issued->chain, issued->key, names, world.clock().wall()));
  }
  Failure expect_failure(Plan wanted, FailureKind kind) {
    auto issued = obtain_with(std::move(wanted));
    EXPECT_FALSE(issued);
    if (issued) return {};
    EXPECT_EQ(to_text(issued.failure().kind), to_text(kind)) << issued.failure().error.message;
    return issued.failure();
  }

  fakes::AcmeWorld world;
  Session session{world, world.account, {.directory = world.ca.directory_url(), .contacts = {"mailto:ops@a.test"}}};
};

TEST_F(OrderTest, IssuesACertificate) {
  expect_issued(plan());
  EXPECT_EQ(world.ca.orders_made, 1);
  EXPECT_EQ(world.ca.accounts_made, 1);
  EXPECT_EQ(world.ca.directories, 1);
}

TEST_F(OrderTest, IssuesForAddressesAndWildcards) {
  expect_issued(plan({"*.a.test", "a.test", "127.0.0.1", "2001:db8::1"}));
  EXPECT_EQ(world.dns.most, 1U);  // the wildcard; everything else by http-01
  EXPECT_EQ(world.http.most, 3U);
}

TEST_F(OrderTest, PresentsAllBeforeItAnswersAny) {  // A-6
  std::size_t at_first_answer = 0;
  world.ca.intercept = [&](const Request&, const std::string& path) -> std::optional<Answer> {
    if (path.starts_with("/chall/") && at_first_answer == 0) at_first_answer = world.http.presented.size();
    return std::nullopt;
  };
  expect_issued(plan({"a.test", "b.test", "c.test"}));
  EXPECT_EQ(at_first_answer, 3U);
}

TEST_F(OrderTest, SkipsAuthorizationsThatAreValid) {  // A-5
  world.ca.reuse_authorizations = true;
  expect_issued(plan());
  world.http.most = 0;
  expect_issued(plan());
  EXPECT_EQ(world.http.most, 0U);
  EXPECT_EQ(world.ca.issued, 2);
}

TEST_F(OrderTest, UsesItsAccountAgain) {
  expect_issued(plan());
  Session later{world, world.account, {.directory = world.ca.directory_url(), .contacts = {"mailto:ops@a.test"}}};
  auto issued = fakes::run(obtain(later, world, world.order, plan()));
  ASSERT_TRUE(*issued);
  EXPECT_EQ(world.ca.accounts_made, 1);
}

TEST_F(OrderTest, RetriesBadNonces) {  // A-3
  world.ca.bad_nonces = 9;
  expect_issued(plan());
  world.ca.bad_nonces = 10;
  const Failure failure = expect_failure(plan(), FailureKind::kTransient);
  EXPECT_EQ(failure.problem, "badNonce");
  EXPECT_EQ(world.ca.bad_nonces, 0);
}

TEST_F(OrderTest, WaitsAsLongAsTheAuthoritySays) {
  world.ca.validation_polls = 3;
  world.ca.processing_polls = 3;
  world.ca.retry_after = 7;
  expect_issued(plan({"a.test"}));
  EXPECT_GE(world.waited, 7 * 7s);
  EXPECT_LE(world.waited, 9 * 7s);
}

TEST_F(OrderTest, PollsMoreSlowlyWithTime) {
  world.ca.validation_polls = 10;
  expect_issued(plan({"a.test"}));
  EXPECT_GE(world.waited, 250ms + 500ms + 1s + 2s + 4s + 5 * 5s);
}

TEST_F(OrderTest, GivesUpAfterAWhileAndGoesOnLater) {
  world.ca.processing_polls = 200;
  const Failure failure = expect_failure(plan(), FailureKind::kTransient);
  EXPECT_EQ(failure.error.slug, "acme-timeout");
  EXPECT_LE(world.waited, 5min);
  world.ca.intercept = {};
  world.ca.processing_polls = 0;
  for (int run = 0; run < 10; ++run) {
    auto issued = obtain_with(plan());
    if (issued) break;
  }
  EXPECT_EQ(world.ca.orders_made, 1);
  EXPECT_EQ(world.ca.issued, 1);
}

TEST_F(OrderTest, ComesBackWhenTheAuthorityWantsMorePatienceThanWeHave) {
  world.ca.processing_polls = 5;
  world.ca.retry_after = 3600;
  world.ca.validation_polls = 0;
  world.ca.reuse_authorizations = true;
  const Failure failure = expect_failure(plan(), FailureKind::kTransient);
  ASSERT_TRUE(failure.not_before);
  EXPECT_EQ(*failure.not_before, world.clock().wall() + 1h);
}

TEST_F(OrderTest, IsNotImpressedByOrderNotReady) {  // A-8
  world.ca.not_ready = 2;
  expect_issued(plan());
  EXPECT_EQ(world.ca.orders_made, 1);
  world.ca.not_ready = 100;
  expect_failure(plan(), FailureKind::kTransient);
}

TEST_F(OrderTest, TriesAnotherChallenge) {  // A-7
  world.ca.validate = [this](const AcmeCa::Proof& proof) { return proof.type == "dns-01" && world.dns.shows(proof); };
  expect_issued(plan({"a.test"}));
  EXPECT_EQ(world.ca.orders_made, 3);
  EXPECT_EQ(world.http.most + world.alpn.most + world.dns.most, 3U);
  world.http.most = world.alpn.most = 0;
  expect_issued(plan({"b.test"}));  // and begins with what has worked
  EXPECT_EQ(world.http.most + world.alpn.most, 0U);
}

TEST_F(OrderTest, MakesThreeOrdersAtMost) {
  world.ca.validate = [](const AcmeCa::Proof&) { return false; };
  const Failure failure = expect_failure(plan({"a.test"}), FailureKind::kValidation);
  EXPECT_EQ(failure.problem, "connection");
  EXPECT_EQ(world.ca.orders_made, 3);
}

TEST_F(OrderTest, GivesPendingAuthorizationsBack) {
  world.ca.validate = [](const AcmeCa::Proof&) { return false; };
  Plan one = plan({"a.test", "b.test", "c.test"});
  one.solvers = {&world.http};
  expect_failure(std::move(one), FailureKind::kValidation);
  EXPECT_EQ(world.ca.orders_made, 1);
  EXPECT_EQ(world.ca.deactivated, 2);
  EXPECT_EQ(world.ca.pending_authorizations(), 0U);
}

TEST_F(OrderTest, NamesWhatIsNotSetUp) {
  Plan wanted = plan({"*.a.test"});
  wanted.solvers = {&world.http, &world.alpn};
  const Failure failure = expect_failure(std::move(wanted), FailureKind::kRefused);
  EXPECT_NE(failure.error.message.find("*.a.test"), std::string::npos);
  EXPECT_NE(failure.error.message.find("dns-01"), std::string::npos);
  EXPECT_EQ(world.ca.pending_authorizations(), 0U);
}

TEST_F(OrderTest, TakesNoForAnAnswer) {
  world.ca.blocked = {"blocked.test"};
  const Failure failure = expect_failure(plan({"blocked.test"}), FailureKind::kRefused);
  EXPECT_EQ(failure.problem, "rejectedIdentifier");
  EXPECT_LE(world.ca.requests, 6);
}

TEST_F(OrderTest, RegistersAgainWhenItIsForgotten) {  // A-4
  expect_issued(plan());
  world.ca.forget_accounts();
  expect_issued(plan());
  EXPECT_EQ(world.ca.accounts_made, 2);
  EXPECT_EQ(world.ca.live_accounts(), 1U);
}

TEST_F(OrderTest, AsksForAProfileThatThereIs) {
  Plan wanted = plan();
  wanted.profile = "shortlived";
  expect_issued(wanted);
  EXPECT_EQ(world.ca.order_profiles, std::vector<std::string>{"shortlived"});
  wanted.profile = "eternal";
  EXPECT_EQ(expect_failure(std::move(wanted), FailureKind::kRefused).error.slug, "acme-invalidProfile");
  EXPECT_EQ(world.ca.orders_made, 1);
}

TEST_F(OrderTest, ReplacesOnce) {  // RFC 9773, section 5
  Plan wanted = plan();
  wanted.replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  expect_issued(wanted);
  EXPECT_EQ(world.ca.replaced.size(), 1U);
  expect_issued(wanted);  // alreadyReplaced: once more, without
  EXPECT_EQ(world.ca.replaced.size(), 1U);
  EXPECT_EQ(world.ca.orders_made, 2);
}

TEST_F(OrderTest, ReplacesNothingWhereThatIsUnknown) {
  world.ca.renewal_information = false;
  Plan wanted = plan();
  wanted.replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
  expect_issued(std::move(wanted));
  EXPECT_TRUE(world.ca.replaced.empty());
}

TEST_F(OrderTest, PrefersAChain) {
  Plan wanted = plan();
  wanted.preferred_chain = "Other Root";
  auto issued = obtain_with(wanted);
  ASSERT_TRUE(issued);
  EXPECT_EQ(pki::Chain::parse(issued->chain)->top_issuer(), "Other Root");
  EXPECT_TRUE(issued->preferred);
  wanted.preferred_chain = "No Such Root";
  issued = obtain_with(wanted);
  ASSERT_TRUE(issued);
  EXPECT_EQ(pki::Chain::parse(issued->chain)->top_issuer(), "Test Root");
  EXPECT_FALSE(issued->preferred);
}

TEST_F(OrderTest, KeepsAKeyWhenToldTo) {
  Plan wanted = plan();
  wanted.key = *pki::Key::generate(pki::KeyType::kEcdsaP384);
  auto issued = obtain_with(wanted);
  ASSERT_TRUE(issued);
  EXPECT_TRUE(issued->key.same_as(*wanted.key));
}

TEST_F(OrderTest, MakesAFreshKeyEachTime) {
  auto first = obtain_with(plan());
  auto second = obtain_with(plan());
  EXPECT_FALSE(first->key.same_as(second->key));
}

TEST_F(OrderTest, InstallsNoWrongCertificate) {  // A-9
  for (const auto fault : {AcmeCa::Fault::kOtherNames, AcmeCa::Fault::kOtherKey, AcmeCa::Fault::kExpired}) {
    world.ca.fault = fault;
    world.ca.faults = 1;
    expect_failure(plan(), FailureKind::kRefused);
    expect_issued(plan());  // by a new order
  }
  EXPECT_EQ(world.ca.orders_made, 6);
}

TEST_F(OrderTest, AsksAgainForACertificateThatIsCutOff) {
  for (const auto fault : {AcmeCa::Fault::kCutOff, AcmeCa::Fault::kNoPem}) {
    world.ca.fault = fault;
    world.ca.faults = 1;
    expect_failure(plan(), FailureKind::kTransient);
    expect_issued(plan());  // of the same order
  }
  EXPECT_EQ(world.ca.orders_made, 2);
}

TEST_F(OrderTest, DoesNotAskForEverForACertificateThatIsCutOff) {
  world.ca.fault = AcmeCa::Fault::kCutOff;
  for (int run = 0; run < 12; ++run) expect_failure(plan(), FailureKind::kTransient);
  EXPECT_LE(world.ca.orders_made, 3);
  EXPECT_GE(world.ca.orders_made, 2);
}

TEST_F(OrderTest, ForgetsAnOrderForOtherNames) {
  world.ca.processing_polls = 10'000;
  expect_failure(plan({"a.test"}), FailureKind::kTransient);
  world.ca.processing_polls = 0;
  expect_issued(plan({"b.test"}));
}

TEST_F(OrderTest, BeginsAnewWhenTheStoredOrderIsNone) {
  for (const char* text : {"", "{}", "[]", "null", R"({"url":"https://ca.test/orders/77"})"}) {
    world.order.text = Secret(text);
    expect_issued(plan());
  }
  EXPECT_EQ(world.ca.issued, 5);
}

TEST_F(OrderTest, SaysWhatTheAuthoritySaid) {
  world.ca.problem_padding = std::string(400'000, 'x') + "\n\x1b[31m";
  world.ca.blocked = {"blocked.test"};
  const Failure failure = expect_failure(plan({"blocked.test"}), FailureKind::kRefused);
  EXPECT_LT(failure.error.message.size(), 2500U);
  EXPECT_NE(failure.error.message.find("policy forbids it"), std::string::npos);
  EXPECT_EQ(failure.error.message.find('\x1b'), std::string::npos);
}

TEST_F(OrderTest, StopsWhenRateLimited) {  // A-11
  world.ca.intercept = [&](const Request&, const std::string& path) -> std::optional<Answer> {
    if (path != "/order") return std::nullopt;
    return Answer{.status = 429, .headers = {{"Retry-After", "Tue, 25 Nov 2025 12:00:00 GMT"}},
                  .body = R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates"})"};
  };
  const Failure failure = expect_failure(plan(), FailureKind::kRateLimited);
  ASSERT_TRUE(failure.not_before);
  EXPECT_EQ(rfc3339(*failure.not_before), "2025-11-25T12:00:00.000000Z");
  EXPECT_EQ(world.ca.orders_made, 0);
}

TEST_F(OrderTest, RefusesAnOrderForOtherNames) {
  world.ca.intercept = [&](const Request& request, const std::string& path) -> std::optional<Answer> {
    if (path != "/order") return std::nullopt;
    world.ca.intercept = {};
    Answer answer = world.ca.handle(request);
    answer.body.replace(answer.body.find("www.a.test"), 10, "evil.test");
    return answer;
  };
  EXPECT_EQ(expect_failure(plan(), FailureKind::kRefused).error.slug, "acme-order");
}

TEST_F(OrderTest, NeedsTheExternalAccountWhereOneIsAsked) {
  world.ca.external_accounts = {{"kid-1", "mac-key"}};
  EXPECT_EQ(expect_failure(plan(), FailureKind::kRefused).error.slug, "acme-externalAccountRequired");
  Session bound{world, world.account,
                {.directory = world.ca.directory_url(), .contacts = {}, .external_account = ExternalAccount{"kid-1", Secret("mac-key")}}};
  auto issued = fakes::run(obtain(bound, world, world.order, plan()));
  ASSERT_TRUE(*issued) << issued->failure().error.message;
  EXPECT_EQ(world.ca.accounts_made, 1);
}

}  // namespace
}  // namespace gatehouse::acme
