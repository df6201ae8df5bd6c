#include "gatehouse/acme/session.h"

#include <gtest/gtest.h>

#include "fakes/acme_environment.h"
#include "gatehouse/acme/order.h"
#include "gatehouse/jose/jws.h"
#include "gatehouse/pki/chain.h"

namespace gatehouse::acme {
namespace {

using namespace std::chrono_literals;
using fakes::Trouble;

class SessionTest : public ::testing::Test {
 protected:
  Authority authority() { return {.directory = world.ca.directory_url(), .contacts = {"mailto:ops@a.test"}}; }
  Session fresh() { return Session(world, world.account, authority()); }
  Outcome<Issued> issue(Session& session) {
    world.order.text.reset();
    return *fakes::run(obtain(session, world, world.order, {.names = *pki::parse_names({"a.test"}), .solvers = {&world.http}}));
  }

  fakes::AcmeWorld world;
};

TEST_F(SessionTest, KeepsTheDirectoryForADay) {
  Session session = fresh();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(*fakes::run(session.directory()));
  EXPECT_EQ(world.ca.directories, 1);
  world.manual_clock().advance(24h);
  ASSERT_TRUE(*fakes::run(session.directory()));
  EXPECT_EQ(world.ca.directories, 2);
}

TEST_F(SessionTest, FetchesANonceOnlyWhenItHasNone) {
  Session session = fresh();
  ASSERT_TRUE(issue(session));
  int fetched = 0;
  for (const auto& [step, url] : world.sent) fetched += url.ends_with("/nonce") ? 1 : 0;
  EXPECT_EQ(fetched, 1);
}

TEST_F(SessionTest, TellsNewContacts) {
  Session session = fresh();
  ASSERT_TRUE(*fakes::run(session.account()));
  Authority other = authority();
  other.contacts = {"mailto:new@a.test"};
  int updates = 0;
  world.ca.intercept = [&](const Request&, const std::string& path) -> std::optional<Answer> {
    updates += path.starts_with("/acct/") ? 1 : 0;
    return std::nullopt;
  };
  for (int i = 0; i < 2; ++i) {
    Session later(world, world.account, other);
    ASSERT_TRUE(*fakes::run(later.account()));
  }
  EXPECT_EQ(updates, 1);
  EXPECT_EQ(world.ca.accounts_made, 1);
}

TEST_F(SessionTest, DoesNotTakeTheAccountOfAnotherAuthority) {
  world.account.text = Secret(std::string(R"({"directory":"https://other.test/dir","url":"https://other.test/1","contacts":[],"key":)") +
                              nlohmann::json(std::string(pki::Key::generate(pki::KeyType::kEcdsaP256)->to_pem().reveal())).dump() + "}");
  Session session = fresh();
  auto account = *fakes::run(session.account());
  ASSERT_TRUE(account);
  EXPECT_TRUE(account->url.starts_with("https://ca.test/"));
}

// An account file that is damaged is not overwritten: it may hold the only key.
TEST_F(SessionTest, LeavesADamagedAccountAlone) {
  world.account.text = Secret("{\"key\":\"half a k");
  Session session = fresh();
  auto account = *fakes::run(session.account());
  ASSERT_FALSE(account);
  EXPECT_EQ(account.failure().kind, FailureKind::kRefused);
  EXPECT_EQ(world.account.text->reveal(), "{\"key\":\"half a k");
  EXPECT_EQ(world.ca.accounts_made, 0);
}

TEST_F(SessionTest, RevokesByTheAccountAndByTheCertificatesKey) {  // A-10
  Session session = fresh();
  auto issued = issue(session);
  ASSERT_TRUE(issued);
  const auto chain = pki::Chain::parse(issued->chain);
  EXPECT_TRUE(*fakes::run(session.revoke(chain->der(), RevocationReason::kSuperseded)));
  EXPECT_EQ(world.ca.revoked, std::vector<std::string>{chain->serial()});
  EXPECT_TRUE(*fakes::run(session.revoke(chain->der(), RevocationReason::kKeyCompromise, issued->key)));  // it is revoked already
  auto second = issue(session);
  ASSERT_TRUE(second);
  EXPECT_TRUE(*fakes::run(session.revoke(pki::Chain::parse(second->chain)->der(), RevocationReason::kKeyCompromise, second->key)));
  EXPECT_EQ(world.ca.revoked.size(), 2U);
  EXPECT_EQ(world.ca.faults_of_client, std::vector<std::string>{});
}

TEST_F(SessionTest, ChangesItsKey) {
  Session session = fresh();
  const auto old = *fakes::run(session.account());
  ASSERT_TRUE(*fakes::run(session.change_key(pki::KeyType::kEcdsaP384)));
  auto now = *fakes::run(session.account());
  ASSERT_TRUE(now);
  EXPECT_EQ(now->key.type(), pki::KeyType::kEcdsaP384);
  Session later = fresh();
  EXPECT_TRUE(issue(later));
  EXPECT_EQ(world.ca.accounts_made, 1);
}

// Whatever breaks while the key changes: afterwards one of the two keys opens the account.
TEST_F(SessionTest, NeverLosesItsAccountWhileTheKeyChanges) {
  for (const Trouble trouble : fakes::kEveryTrouble) {
    for (int step = 1; step <= 12; ++step) {
      fakes::AcmeWorld other;
      Session session(other, other.account, {.directory = other.ca.directory_url()});
      ASSERT_TRUE(*fakes::run(session.account()));
      other.steps.trouble_at(step, trouble);
      auto changed = fakes::run(session.change_key(pki::KeyType::kEcdsaP256));
      other.steps.trouble_at(0, Trouble::kNone);
      Session later(other, other.account, {.directory = other.ca.directory_url()});
      auto issued = *fakes::run(obtain(later, other, other.order, {.names = *pki::parse_names({"a.test"}), .solvers = {&other.http}}));
      ASSERT_TRUE(issued) << static_cast<int>(trouble) << " at " << step << ": " << issued.failure().error.message;
      ASSERT_EQ(other.ca.accounts_made, 1) << static_cast<int>(trouble) << " at " << step;
    }
  }
}

TEST_F(SessionTest, AsksForARenewalWindow) {
  world.ca.window_start = world.clock().wall();
  world.ca.window_end = world.clock().wall() + 48h;
  Session session = fresh();
  auto renewal = *fakes::run(session.renewal_window("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
  ASSERT_TRUE(renewal);
  ASSERT_TRUE(renewal->window);
  EXPECT_EQ(renewal->window->end, world.ca.window_end);
  EXPECT_EQ(renewal->retry_after, 21600s);
  EXPECT_EQ(world.ca.accounts_made, 0);
  world.ca.window_end = world.ca.window_start;
  EXPECT_FALSE((*fakes::run(session.renewal_window("x.y")))->window);
  world.ca.renewal_information = false;
  Session without = fresh();
  EXPECT_FALSE((*fakes::run(without.renewal_window("x.y")))->window);
}

}  // namespace
}  // namespace gatehouse::acme
