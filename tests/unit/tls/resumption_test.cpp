// Which tickets open which names: T-RES-1 to 3, RFC 8446 section 4.6.1.
#include "gatehouse/tls/ticket_keys.h"
#include "pair.h"

namespace gatehouse::tls {
namespace {

using std::chrono::hours;

class ResumptionTest : public testing::TestWithParam<int> {
 protected:
  std::shared_ptr<const Certificate> named(const std::string& name) {
    return certificate_of(root.issue({.common_name = name, .names = "DNS:" + name}));
  }
  std::shared_ptr<const Context> context(std::vector<std::shared_ptr<const Certificate>> certificates,
                                         Policy policy = Policy::kIntermediate) {
    return context_of({.policy = policy, .certificates = std::move(certificates), .ticket_keys = keys});
  }
  ClientOptions asking(const char* sni, SSL_SESSION* session = nullptr) const {
    return {.sni = sni, .max_version = GetParam(), .session = session};
  }
  SessionPtr ticket(const Context& context, const char* sni) {
    Pair first(context, asking(sni));
    EXPECT_TRUE(first.ok()) << first.server_error.message;
    EXPECT_FALSE(first.resumed());
    return first.session();
  }
  // A session serves one try: OpenSSL's client marks what it has used.
  bool resumes(const Context& context, const char* sni, const SessionPtr& session) {
    const SessionPtr copy(SSL_SESSION_dup(session.get()));
    const Pair again(context, asking(sni, copy.get()));
    EXPECT_TRUE(again.ok()) << "a ticket that is not taken costs no more than a full handshake: " << again.server_error.message;
    return again.resumed();
  }

  fakes::ManualClock clock;
  std::shared_ptr<TicketKeys> keys = std::make_shared<TicketKeys>(clock, runtime::system_random());
  fakes::TestCa root{"root", kNow};
};

TEST_P(ResumptionTest, WithinOneName) {
  const auto context = this->context({named("a.test"), named("b.test")});
  const SessionPtr session = ticket(*context, "a.test");
  EXPECT_TRUE(resumes(*context, "a.test", session));
  EXPECT_TRUE(resumes(*context, "A.test.", session)) << "the same name, written otherwise";
}

TEST_P(ResumptionTest, NotAcrossNamesOfOtherCertificates) {
  const auto context = this->context({named("a.test"), named("b.test")});
  const SessionPtr session = ticket(*context, "b.test");
  EXPECT_FALSE(resumes(*context, "a.test", session));
  EXPECT_FALSE(resumes(*context, "", session)) << "the default is a.test";
  EXPECT_TRUE(resumes(*context, "b.test", session));
}

TEST_P(ResumptionTest, NotAcrossPolicies) {
  const auto certificate = named("a.test");
  const auto intermediate = context({certificate}), modern = context({certificate}, Policy::kModern);
  const SessionPtr session = ticket(*intermediate, "a.test");
  if (GetParam() == TLS1_2_VERSION) return;  // modern speaks no TLS 1.2
  EXPECT_FALSE(resumes(*modern, "a.test", session));
}

TEST_P(ResumptionTest, AcrossAReloadThatKeepsTheCertificate) {
  const auto certificate = named("a.test");
  const SessionPtr session = ticket(*context({certificate}), "a.test");
  EXPECT_TRUE(resumes(*context({certificate, named("b.test")}), "a.test", session));
  EXPECT_FALSE(resumes(*context({named("a.test")}), "a.test", session)) << "a new certificate, a new session";
}

TEST_P(ResumptionTest, AfterTwoRotationsOfTheKeysButNotAfterFive) {
  const auto context = this->context({named("a.test")});
  const SessionPtr session = ticket(*context, "a.test");
  clock.advance(hours(24));
  EXPECT_TRUE(resumes(*context, "a.test", session));
  clock.advance(hours(12));
  EXPECT_TRUE(resumes(*context, "a.test", session));
  clock.advance(hours(24));
  EXPECT_FALSE(resumes(*context, "a.test", session));
}

TEST_P(ResumptionTest, AnIdleServersKeysAgeAsWell) {
  const auto context = this->context({named("a.test")});
  const SessionPtr session = ticket(*context, "a.test");
  clock.advance(hours(48));  // nobody asked in between
  EXPECT_FALSE(resumes(*context, "a.test", session));
}

TEST_P(ResumptionTest, AnOldTicketIsExchangedForOneOfTheNewestKey) {
  const auto context = this->context({named("a.test")});
  const SessionPtr old = ticket(*context, "a.test");
  clock.advance(hours(30));
  Pair second(*context, asking("a.test", old.get()));
  ASSERT_TRUE(second.resumed());
  const SessionPtr fresh = second.session();
  clock.advance(hours(30));
  EXPECT_TRUE(resumes(*context, "a.test", fresh));
}

TEST_P(ResumptionTest, NotWithTheKeysOfAnotherProcess) {
  const auto certificate = named("a.test");
  const SessionPtr session = ticket(*context({certificate}), "a.test");
  keys = std::make_shared<TicketKeys>(clock, runtime::system_random());
  EXPECT_FALSE(resumes(*context({certificate}), "a.test", session));
}

TEST_P(ResumptionTest, NoTicketsWithoutKeys) {
  keys = nullptr;
  const auto context = this->context({named("a.test")});
  Pair first(*context, asking("a.test"));
  ASSERT_TRUE(first.ok());
  const SessionPtr session = first.session();
  EXPECT_EQ(SSL_SESSION_has_ticket(session.get()), 0);
}

INSTANTIATE_TEST_SUITE_P(Versions, ResumptionTest, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

}  // namespace
}  // namespace gatehouse::tls
