// What every implementation of acme::Vault does.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "fakes/manual_clock.h"
#include "gatehouse/acme/vault.h"

namespace gatehouse::acme {

// Gives a vault, and another view of the same one, as another node has it.
class VaultFixture {
 public:
  virtual ~VaultFixture() = default;
  virtual Vault& vault() = 0;
  virtual std::unique_ptr<Vault> other_node() = 0;
};

class VaultContractTest : public ::testing::TestWithParam<std::unique_ptr<VaultFixture> (*)()> {
 protected:
  Lease must_acquire(const std::string& name, const std::string& owner, std::chrono::seconds duration = std::chrono::seconds(60)) {
    auto lease = vault.acquire(name, owner, now, duration);
    EXPECT_TRUE(lease && *lease);
    return lease && *lease ? **lease : Lease{};
  }
  static std::string text(Result<std::optional<Secret>> got) {
    if (!got) return "error: " + got.error().slug;
    return *got ? std::string((*got)->reveal()) : "nothing";
  }

  std::unique_ptr<VaultFixture> fixture = GetParam()();
  Vault& vault = fixture->vault();
  runtime::WallTime now = fakes::ManualClock().wall();
};

TEST_P(VaultContractTest, KeepsTexts) {
  EXPECT_EQ(text(vault.get(Kind::kCertificate, "a.test")), "nothing");
  ASSERT_TRUE(vault.put(Kind::kCertificate, "a.test", Secret("one"), nullptr));
  ASSERT_TRUE(vault.put(Kind::kRenewal, "a.test", Secret("two"), nullptr));
  ASSERT_TRUE(vault.put(Kind::kCertificate, "a.test", Secret("three"), nullptr));
  const auto other = fixture->other_node();
  EXPECT_EQ(text(other->get(Kind::kCertificate, "a.test")), "three");
  EXPECT_EQ(text(other->get(Kind::kRenewal, "a.test")), "two");
  ASSERT_TRUE(vault.remove(Kind::kCertificate, "a.test", nullptr));
  ASSERT_TRUE(vault.remove(Kind::kCertificate, "a.test", nullptr));
  EXPECT_EQ(text(other->get(Kind::kCertificate, "a.test")), "nothing");
  const std::string large(300'000, 'x');
  ASSERT_TRUE(vault.put(Kind::kAccount, "ca.test_dir", Secret(large), nullptr));
  EXPECT_EQ(text(vault.get(Kind::kAccount, "ca.test_dir")), large);
  ASSERT_TRUE(vault.put(Kind::kAccount, "ca.test_dir", Secret(""), nullptr));
  EXPECT_EQ(text(vault.get(Kind::kAccount, "ca.test_dir")), "");
}

TEST_P(VaultContractTest, ListsNames) {
  for (const char* name : {"b.test", "*.a.test", "a.test", "2001:db8::1"}) ASSERT_TRUE(vault.put(Kind::kCertificate, name, Secret("x"), nullptr));
  ASSERT_TRUE(vault.put(Kind::kOrder, "c.test", Secret("x"), nullptr));
  const auto names = vault.list(Kind::kCertificate);
  ASSERT_TRUE(names);
  EXPECT_EQ(*names, (std::vector<std::string>{"*.a.test", "2001:db8::1", "a.test", "b.test"}));
}

TEST_P(VaultContractTest, RefusesNamesThatLeadElsewhere) {
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../a"), std::string("a/b"), std::string("A.test"),
                                  std::string("a b"), std::string(".hidden"), std::string("a\0b", 3), std::string(201, 'a'), std::string("*."),
                                  std::string("_wildcard.a.test")}) {
    EXPECT_EQ(text(vault.get(Kind::kOrder, name)), "error: bad-name") << name;
    EXPECT_EQ(vault.put(Kind::kOrder, name, Secret("x"), nullptr).error().slug, "bad-name") << name;
    EXPECT_EQ(vault.acquire(name, "me", now, std::chrono::seconds(60)).error().slug, "bad-name") << name;
  }
}

TEST_P(VaultContractTest, LeasesANameToOneOwner) {
  const auto other = fixture->other_node();
  const Lease mine = must_acquire("a.test", "node-1");
  auto theirs = other->acquire("a.test", "node-2", now, std::chrono::seconds(60));
  ASSERT_TRUE(theirs);
  EXPECT_FALSE(*theirs);
  EXPECT_TRUE(*other->acquire("b.test", "node-2", now, std::chrono::seconds(60)));
  ASSERT_TRUE(vault.release(mine));
  theirs = other->acquire("a.test", "node-2", now, std::chrono::seconds(60));
  ASSERT_TRUE(theirs && *theirs);
  EXPECT_GT((*theirs)->fence, mine.fence);
}

TEST_P(VaultContractTest, GivesALeaseAwayWhenItRunsOut) {
  Lease mine = must_acquire("a.test", "node-1");
  now += std::chrono::seconds(59);
  EXPECT_FALSE(*vault.acquire("a.test", "node-2", now, std::chrono::seconds(60)));
  ASSERT_TRUE(vault.renew(mine, now, std::chrono::seconds(60)));
  now += std::chrono::seconds(59);
  EXPECT_FALSE(*vault.acquire("a.test", "node-2", now, std::chrono::seconds(60)));
  now += std::chrono::seconds(2);
  must_acquire("a.test", "node-2");
  EXPECT_EQ(vault.renew(mine, now, std::chrono::seconds(60)).error().slug, "lease-lost");
}

// Whoever slept too long writes nothing any more.
TEST_P(VaultContractTest, FencesOffThoseWhoLostTheirLease) {
  const Lease mine = must_acquire("a.test", "node-1");
  ASSERT_TRUE(vault.put(Kind::kCertificate, "a.test", Secret("mine"), &mine));
  now += std::chrono::hours(1);
  const Lease theirs = must_acquire("a.test", "node-2");
  ASSERT_TRUE(vault.put(Kind::kCertificate, "a.test", Secret("theirs"), &theirs));
  EXPECT_EQ(vault.put(Kind::kCertificate, "a.test", Secret("late"), &mine).error().slug, "lease-lost");
  EXPECT_EQ(vault.remove(Kind::kCertificate, "a.test", &mine).error().slug, "lease-lost");
  EXPECT_EQ(vault.release(mine).error().slug, "lease-lost");
  EXPECT_EQ(text(vault.get(Kind::kCertificate, "a.test")), "theirs");
}

TEST_P(VaultContractTest, GivesALeaseAgainToItsOwner) {
  const Lease before = must_acquire("a.test", "node-1");
  const Lease after = must_acquire("a.test", "node-1");  // the process was started again
  EXPECT_GT(after.fence, before.fence);
  EXPECT_EQ(vault.put(Kind::kOrder, "a.test", Secret("x"), &before).error().slug, "lease-lost");
}

TEST_P(VaultContractTest, IsNotLockedByAClockThatWasWrong) {
  now += std::chrono::hours(24 * 80);
  must_acquire("a.test", "node-1");
  now -= std::chrono::hours(24 * 80);
  must_acquire("a.test", "node-2");
}

TEST_P(VaultContractTest, TestsItself) {
  EXPECT_TRUE(vault.self_test(runtime::system_random()));
  for (const Kind kind : {Kind::kAccount, Kind::kCertificate, Kind::kOrder, Kind::kRenewal}) EXPECT_TRUE(vault.list(kind)->empty());
}

}  // namespace gatehouse::acme
