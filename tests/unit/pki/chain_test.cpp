#include "gatehouse/pki/chain.h"

#include <gtest/gtest.h>

#include "fakes/issuing_ca.h"
#include "fakes/manual_clock.h"
#include "gatehouse/pki/request.h"

namespace gatehouse::pki {
namespace {

using namespace std::chrono_literals;

// RFC 9773, appendix A.
constexpr std::string_view kRenewalExample = R"(-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
)";

class ChainTest : public ::testing::Test {
 protected:
  std::string issued(fakes::Issue how) {
    if (how.not_after == runtime::WallTime{}) {
      how.not_before = now_ - 1h;
      how.not_after = now_ + 90 * 24h;
    }
    return ca_.issue(*certificate_request(key_, names_), how);
  }
  std::string refused(std::string_view pem) {
    const auto checked = check_issued(pem, key_, names_, now_);
    return checked ? "accepted" : checked.error().slug;
  }

  fakes::ManualClock clock_;
  runtime::WallTime now_ = clock_.wall();
  fakes::IssuingCa ca_{"Test Root", clock_.wall()};
  Key key_ = *Key::generate(KeyType::kEcdsaP256);
  Names names_ = *parse_names({"a.test", "*.a.test", "127.0.0.1"});
};

TEST_F(ChainTest, IsNamedAsTheStandardSays) {
  const auto chain = Chain::parse(kRenewalExample);
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->renewal_id(), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  EXPECT_EQ(chain->serial(), "0087654321");
  EXPECT_EQ(chain->top_issuer(), "Example CA");
}

TEST_F(ChainTest, TellsAboutTheLeaf) {
  const auto chain = Chain::parse(issued({}));
  ASSERT_TRUE(chain);
  EXPECT_EQ(chain->size(), 2U);
  EXPECT_EQ(chain->not_before(), std::chrono::floor<std::chrono::seconds>(now_ - 1h));
  EXPECT_EQ(chain->not_after(), std::chrono::floor<std::chrono::seconds>(now_ + 90 * 24h));
  EXPECT_EQ(chain->top_issuer(), "Test Root");
  EXPECT_FALSE(chain->der().empty());
}

TEST_F(ChainTest, HasNoRenewalIdWithoutAnAuthorityKey) {
  const auto pem = challenge_certificate(key_, names_[0], Sha256{}, now_, runtime::system_random());
  EXPECT_EQ(Chain::parse(*pem)->renewal_id(), "");
}

TEST_F(ChainTest, InstallsWhatWasAskedFor) {
  const auto checked = check_issued(issued({}), key_, names_, now_);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ((*checked)->names().size(), 3U);
  EXPECT_TRUE(check_issued(issued({.not_before = now_ - 2h, .not_after = now_ + 1s}), key_, names_, now_));
}

// A-9
TEST_F(ChainTest, InstallsNothingElse) {
  const std::string good = issued({});
  EXPECT_EQ(refused(issued({.not_before = {}, .not_after = {}, .names = {}, .key = *Key::generate(KeyType::kEcdsaP256)})), "key-mismatch");
  EXPECT_EQ(refused(issued({.not_before = {}, .not_after = {}, .names = {{"DNS:a.test", "DNS:b.test"}}})), "certificate-names");
  EXPECT_EQ(refused(issued({.not_before = {}, .not_after = {}, .names = {{"DNS:a.test", "IP:127.0.0.1"}}})), "certificate-names");
  EXPECT_EQ(refused(issued({.not_before = now_ - 2h, .not_after = now_ - 1s})), "certificate-expired");
  EXPECT_EQ(refused(issued({.not_before = now_ + 1s, .not_after = now_ + 24h})), "certificate-not-yet-valid");
  EXPECT_EQ(refused(ca_.intermediate_pem() + good), "key-mismatch");
  EXPECT_EQ(refused(good + ca_.intermediate_pem()), "certificate-chain");
  fakes::IssuingCa other;
  EXPECT_EQ(refused(good.substr(0, good.find("-----END") + 26) + other.intermediate_pem()), "certificate-chain");
}

TEST_F(ChainTest, RefusesEveryTruncation) {
  const std::string pem = issued({});
  const std::size_t leaf = pem.find("-----END") + std::string_view("-----END CERTIFICATE-----").size();
  for (std::size_t cut = 0; cut + 1 < pem.size(); ++cut) {
    const std::string part = pem.substr(0, cut);
    if (cut >= leaf && cut <= leaf + 1) continue;  // the leaf alone is a chain, too
    ASSERT_FALSE(Chain::parse(part)) << cut;
    ASSERT_EQ(refused(part), "certificate-unreadable") << cut;
  }
}

TEST_F(ChainTest, RefusesWhatIsNoCertificate) {
  const std::string good = issued({});
  const std::string key(key_.to_pem().reveal());
  std::string many;
  for (int i = 0; i < 6; ++i) many += good;
  for (const std::string& pem : {key + good, good + key, good + "hello\n", "subject=a\n" + good, many, std::string(200'000, '\n') + good,
                                 std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")}) {
    const auto chain = Chain::parse(pem);
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().slug, "certificate-unreadable");
  }
  EXPECT_TRUE(Chain::parse("\r\n" + good + "\n"));
}

}  // namespace
}  // namespace gatehouse::pki
