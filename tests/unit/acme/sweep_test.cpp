// Every kind of trouble at every step of an order: it ends in a stated result, cleaned up, within a number of requests; and the
// next runs, from what was stored, finish the order.
#include <gtest/gtest.h>

#include <functional>

#include "fakes/acme_environment.h"
#include "gatehouse/acme/order.h"
#include "gatehouse/pki/chain.h"

namespace gatehouse::acme {
namespace {

using fakes::Trouble;

constexpr int kRequestBound = 60;

struct Case {
  const char* name;
  std::function<void(fakes::AcmeWorld&)> prepare;
  std::vector<std::string> names;
  int orders;  // that it takes without trouble
};

const Case kCases[] = {
    {"plain", [](fakes::AcmeWorld&) {}, {"a.test", "b.test"}, 1},
    {"processing", [](fakes::AcmeWorld& world) { world.ca.processing_polls = 2; world.ca.not_ready = 1; }, {"a.test"}, 1},
    {"fallback", [](fakes::AcmeWorld& world) {
       world.ca.validate = [&world](const fakes::AcmeCa::Proof& proof) { return proof.type == "tls-alpn-01" && world.alpn.shows(proof); };
     }, {"a.test"}, 2},
    {"bound", [](fakes::AcmeWorld& world) { world.ca.external_accounts = {{"kid-1", "mac"}}; }, {"*.a.test"}, 1},
};

class SweepTest : public ::testing::TestWithParam<int> {
 protected:
  const Case& scenario() const { return kCases[GetParam()]; }

  std::unique_ptr<fakes::AcmeWorld> world() {
    auto made = std::make_unique<fakes::AcmeWorld>();
    scenario().prepare(*made);
    return made;
  }
  // A process: nothing is known but what the slots hold.
  std::optional<Outcome<Issued>> run(fakes::AcmeWorld& world) {
    Session session(world, world.account, {.directory = world.ca.directory_url(), .contacts = {"mailto:ops@a.test"},
                                           .external_account = ExternalAccount{"kid-1", Secret("mac")}});
    Plan plan{.names = *pki::parse_names(scenario().names), .solvers = {&world.http, &world.alpn, &world.dns}};
    plan.replaces = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
    return fakes::run(obtain(session, world, world.order, std::move(plan)));
  }
  static std::size_t presented(const fakes::AcmeWorld& world) {
    return world.http.presented.size() + world.alpn.presented.size() + world.dns.presented.size();
  }
  // Only between the making of an order and the note of it can an order get lost; and where one challenge fails, a pause before
  // its verdict makes it be tried twice.
  bool may_lose_an_order(int step) const { return making_.contains(step) || making_.contains(step - 1) || scenario().orders > 1; }

  int steps_without_trouble() {
    auto undisturbed = world();
    auto issued = run(*undisturbed);
    EXPECT_TRUE(issued && *issued);
    EXPECT_EQ(undisturbed->ca.orders_made, scenario().orders);
    for (const auto& [step, url] : undisturbed->sent) {
      if (url.ends_with("/order")) making_.insert(step);
    }
    return undisturbed->steps.taken();
  }

 private:
  std::set<int> making_;
};

TEST_P(SweepTest, EndsWellAfterTroubleAtAnyStep) {
  const int steps = steps_without_trouble();
  ASSERT_GT(steps, 15);
  for (const Trouble trouble : fakes::kEveryTrouble) {
    const bool crash = trouble == Trouble::kCrash || trouble == Trouble::kCrashAfter;
    for (int step = 1; step <= steps; ++step) {
      SCOPED_TRACE(std::string(scenario().name) + ": trouble " + std::to_string(static_cast<int>(trouble)) + " at step " +
                   std::to_string(step));
      auto disturbed = world();
      disturbed->steps.trouble_at(step, trouble);
      auto first = run(*disturbed);
      ASSERT_EQ(first.has_value(), !crash);
      ASSERT_LE(disturbed->ca.requests, kRequestBound);
      if (!crash) {
        ASSERT_EQ(presented(*disturbed), 0U);
        if (!*first) {
          ASSERT_FALSE(first->failure().error.slug.empty());
          ASSERT_FALSE(first->failure().error.message.empty());
        }
      }
      disturbed->steps.trouble_at(0, Trouble::kNone);
      for (int runs = 0; runs < 3 && !(first && *first); ++runs) first = run(*disturbed);
      ASSERT_TRUE(first && *first) << first->failure().error.message;
      ASSERT_EQ(presented(*disturbed), 0U);
      ASSERT_LE(disturbed->ca.orders_made, scenario().orders + (may_lose_an_order(step) ? 1 : 0));
      ASSERT_EQ(disturbed->ca.accounts_made, 1);
      ASSERT_LE(disturbed->ca.requests, 2 * kRequestBound);
      ASSERT_EQ(disturbed->ca.faults_of_client, std::vector<std::string>{});
      ASSERT_TRUE(pki::check_issued((*first)->chain, (*first)->key, *pki::parse_names(scenario().names), disturbed->clock().wall()));
    }
  }
}

// Trouble that does not stop.
TEST_P(SweepTest, StopsAskingWhenTroubleStays) {
  const int steps = steps_without_trouble();
  for (const Trouble trouble : {Trouble::kUnreachable, Trouble::kServerError, Trouble::kBadNonce, Trouble::kGarbage}) {
    for (int from = 1; from <= steps; ++from) {
      auto disturbed = world();
      int requests = 0;
      disturbed->ca.intercept = [&](const Request&, const std::string&) -> std::optional<Answer> {
        if (++requests < from || trouble == Trouble::kNone) return std::nullopt;
        if (trouble == Trouble::kServerError) return Answer{.status = 500, .headers = {}, .body = {}};
        if (trouble == Trouble::kBadNonce) {
          return Answer{.status = 400, .headers = {{"Replay-Nonce", "x"}}, .body = R"({"type":"urn:ietf:params:acme:error:badNonce"})"};
        }
        return Answer{.status = trouble == Trouble::kUnreachable ? 502 : 200, .headers = {{"Replay-Nonce", "x"}}, .body = "?"};
      };
      auto outcome = run(*disturbed);
      ASSERT_TRUE(outcome);
      ASSERT_EQ(presented(*disturbed), 0U);
      ASSERT_LE(disturbed->ca.requests, kRequestBound + 20) << from;
      ASSERT_LE(disturbed->waited, std::chrono::minutes(6));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, SweepTest, ::testing::Range(0, static_cast<int>(std::size(kCases))),
                         [](const auto& info) { return std::string(kCases[info.param].name); });

}  // namespace
}  // namespace gatehouse::acme
