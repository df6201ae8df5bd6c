// Certificates from files: what a look at changed files brings in, and what stays.
#include "certificates.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fakes/manual_clock.h"
#include "fakes/test_ca.h"

namespace gatehouse::app {
namespace {

using std::chrono::hours;

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    char path[] = "/tmp/gatehouse-certificates-XXXXXX";
    directory = ::mkdtemp(path);
    settings.listeners.emplace_back().name = "https";
    settings.listeners.back().tls = true;
    settings.certificates.mode = tls::CertificateMode::kManual;
  }
  ~CertificatesTest() override { std::filesystem::remove_all(directory); }

  // By a rename, as tools do it: another inode each time.
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = directory + "/" + name;
    std::ofstream(path + ".new") << text;
    EXPECT_EQ(::chmod((path + ".new").c_str(), mode), 0);
    std::filesystem::rename(path + ".new", path);
    return path;
  }
  void write_pair(const std::string& name, hours ends = hours(24 * 60), const std::string& common_name = "a") {
    const auto pem = root.issue({.common_name = common_name, .names = "DNS:" + name, .ends = ends});
    write(name + ".pem", pem.chain, 0644);
    write(name + ".key", pem.key);
  }
  void serve(const std::string& name) {
    settings.certificates.files.push_back({directory + "/" + name + ".pem", directory + "/" + name + ".key"});
  }
  Certificates::SetPtr load() {
    auto set = certificates.load(settings);
    EXPECT_TRUE(set) << set.error().message;
    if (!set) return nullptr;
    EXPECT_TRUE(certificates.adopt(*set));
    return *set;
  }
  static std::string print_of(const Certificates::SetPtr& set, std::size_t index = 0) {
    return std::string(set->sources.at(index).certificate->fingerprint());
  }
  std::string state(std::size_t index = 0) { return certificates.view().certificates.at(index).state; }

  fakes::ManualClock clock;
  fakes::TestCa root{"root", clock.wall()};
  edge::Settings settings;
  std::string directory;
  Certificates certificates{directory + "/state", std::make_shared<tls::TicketKeys>(clock, runtime::system_random()), clock,
                            runtime::system_random()};
};

TEST_F(CertificatesTest, NothingForListenersWithoutTls) {
  settings.listeners[0].tls = false;
  serve("absent");
  EXPECT_TRUE(load()->contexts.empty());
  EXPECT_EQ(certificates.refresh(), nullptr);
  EXPECT_TRUE(certificates.view().certificates.empty());
}

TEST_F(CertificatesTest, ARefreshWithoutAChangeIsNothing) {
  write_pair("a.test");
  serve("a.test");
  const auto set = load();
  EXPECT_EQ(set->contexts.count("https"), 1u);
  EXPECT_EQ(certificates.refresh(), nullptr);
}

TEST_F(CertificatesTest, AChangedPairComesIn) {
  write_pair("a.test");
  write_pair("b.test");
  serve("a.test");
  serve("b.test");
  const auto before = load();
  write_pair("b.test");
  const auto after = certificates.refresh();
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(print_of(after, 0), print_of(before, 0));
  EXPECT_NE(print_of(after, 1), print_of(before, 1));
  EXPECT_NE(after->contexts.at("https"), before->contexts.at("https"));
  EXPECT_TRUE(certificates.adopt(after));
  EXPECT_EQ(certificates.view().certificates.at(1).fingerprint, print_of(after, 1));
  EXPECT_EQ(certificates.refresh(), nullptr) << "once";
}

TEST_F(CertificatesTest, ABrokenPairIsRefusedOnceAndTheOldStays) {
  write_pair("a.test");
  serve("a.test");
  const auto before = load();
  const auto next = root.issue({.common_name = "next", .names = "DNS:a.test"});
  write("a.test.pem", next.chain, 0644);  // the key is still on its way
  const auto half = certificates.refresh();
  ASSERT_NE(half, nullptr);
  EXPECT_EQ(print_of(half), print_of(before));
  ASSERT_TRUE(certificates.adopt(half));
  EXPECT_NE(certificates.view().certificates.at(0).refusal.find("does not belong"), std::string::npos);
  EXPECT_EQ(certificates.refresh(), nullptr) << "told once";
  write("a.test.key", next.key);
  const auto whole = certificates.refresh();
  ASSERT_NE(whole, nullptr);
  EXPECT_NE(print_of(whole), print_of(before));
  ASSERT_TRUE(certificates.adopt(whole));
  EXPECT_EQ(certificates.view().certificates.at(0).refusal, "");
}

TEST_F(CertificatesTest, WhatIsGoneExpiredOrOpenToAllIsRefused) {
  write_pair("a.test");
  serve("a.test");
  const std::string print = print_of(load());
  const auto still_serves = [&] {
    const auto set = certificates.refresh();
    return set != nullptr && certificates.adopt(set) && print_of(set) == print && !set->sources[0].refusal.empty();
  };
  std::filesystem::remove(directory + "/a.test.key");
  EXPECT_TRUE(still_serves());
  write_pair("a.test", hours(0));
  EXPECT_TRUE(still_serves());
  const auto pem = root.issue({.common_name = "a", .names = "DNS:a.test"});
  write("a.test.pem", pem.chain, 0644);
  write("a.test.key", pem.key, 0644);
  EXPECT_TRUE(still_serves());
  ::chmod((directory + "/a.test.key").c_str(), 0600);
  EXPECT_FALSE(still_serves()) << "the mode was all that was wrong";
}

TEST_F(CertificatesTest, ARefreshThatAReloadHasOvertakenDoesNotCount) {
  write_pair("a.test");
  serve("a.test");
  load();
  write_pair("a.test");
  const auto refreshed = certificates.refresh();
  const auto reloaded = load();
  ASSERT_NE(refreshed, nullptr);
  EXPECT_FALSE(certificates.adopt(refreshed));
  EXPECT_EQ(certificates.view().certificates.at(0).fingerprint, print_of(reloaded));
}

TEST_F(CertificatesTest, AnExpiredOneIsNotServedAndStopsNobody) {
  write_pair("a.test", hours(0));
  write_pair("b.test");
  serve("a.test");
  serve("b.test");
  const auto set = load();
  ASSERT_NE(set, nullptr);
  const CertificateSource& source = set->sources.at(0);
  EXPECT_TRUE(source.certificate->self_signed());
  EXPECT_EQ(source.certificate->names(), std::vector<std::string>{"a.test"});
  EXPECT_GT(source.certificate->not_after(), clock.wall());
  EXPECT_TRUE(set->sources.at(1).fit());
  EXPECT_EQ(state(0), "CRITICAL");
  EXPECT_TRUE(certificates.view().certificates.at(0).replaced);
  EXPECT_LE(certificates.view().certificates.at(0).not_after, clock.wall()) << "of the one to replace";
  EXPECT_EQ(state(1), "OK");
  EXPECT_EQ(certificates.refresh(), nullptr) << "nothing new";
  write_pair("a.test");
  const auto better = certificates.refresh();
  ASSERT_NE(better, nullptr);
  EXPECT_TRUE(better->sources.at(0).fit());
  ASSERT_TRUE(certificates.adopt(better));
  EXPECT_EQ(state(0), "OK");
}

TEST_F(CertificatesTest, OneWithoutNamesIsReplacedForTheUsualNames) {
  const auto pem = root.issue({.common_name = "a.test", .names = ""});
  write("a.test.pem", pem.chain, 0644);
  write("a.test.key", pem.key);
  serve("a.test");
  const auto set = load();
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->sources.at(0).certificate->names().front(), "localhost");
  EXPECT_EQ(state(0), "CRITICAL");
  EXPECT_NE(certificates.view().certificates.at(0).refusal.find("subjectAltName"), std::string::npos);
}

// The one that begins later counts: what stands in would hide the good one.
TEST_F(CertificatesTest, NothingStandsInForNamesThatAGoodOneHas) {
  const auto good = root.issue({.common_name = "good", .names = "DNS:*.test,DNS:b.example"});
  write("good.pem", good.chain, 0644);
  write("good.key", good.key);
  const auto expired = root.issue({.common_name = "old", .names = "DNS:a.test,DNS:b.example,DNS:c.example", .ends = hours(0)});
  write("old.pem", expired.chain, 0644);
  write("old.key", expired.key);
  serve("old");
  serve("good");
  const auto set = load();
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->sources.at(0).certificate->names(), std::vector<std::string>{"c.example"});
  write_pair("a.test", hours(0));
  settings.certificates.files.clear();
  serve("a.test");
  serve("good");
  const auto covered = load();
  EXPECT_EQ(covered->sources.at(0).certificate, nullptr) << "all its names are served by the other";
  EXPECT_EQ(state(0), "CRITICAL");
}

TEST_F(CertificatesTest, WhatEndsWhileItIsServedIsReplacedBeforeItHasEnded) {
  write_pair("a.test", hours(1));
  serve("a.test");
  load();
  clock.advance(hours(1) - std::chrono::seconds(10));
  EXPECT_FALSE(certificates.ending());
  EXPECT_EQ(certificates.refresh(), nullptr);
  clock.advance(std::chrono::seconds(6));
  EXPECT_TRUE(certificates.ending());
  const auto set = certificates.refresh();
  ASSERT_NE(set, nullptr);
  EXPECT_TRUE(set->sources.at(0).certificate->self_signed());
  ASSERT_TRUE(certificates.adopt(set));
  EXPECT_FALSE(certificates.ending());
  EXPECT_EQ(state(0), "CRITICAL");
}

TEST_F(CertificatesTest, AReloadKeepsAGoodOneWhoseFileHasBecomeUnfit) {
  write_pair("a.test");
  serve("a.test");
  const std::string print = print_of(load());
  write_pair("a.test", hours(0));
  EXPECT_EQ(print_of(load()), print);
  EXPECT_NE(certificates.view().certificates.at(0).refusal, "");
  EXPECT_EQ(state(0), "OK");
}

TEST_F(CertificatesTest, ALoadThatFailsChangesNothing) {
  write_pair("a.test");
  serve("a.test");
  const auto before = load();
  serve("absent");
  EXPECT_EQ(certificates.load(settings).error().slug, "certificate-unreadable");
  EXPECT_EQ(certificates.view().certificates.size(), 1u);
}

TEST_F(CertificatesTest, StatesByTheDaysThatAreLeft) {
  settings.certificates.expiry_warning = hours(24 * 30);
  write_pair("a.test", hours(24 * 40));
  write_pair("b.test", hours(24 * 31));
  serve("a.test");
  serve("b.test");
  load();
  EXPECT_EQ(state(0), "OK");
  EXPECT_EQ(state(1), "OK");
  clock.advance(hours(25));
  EXPECT_EQ(state(0), "OK");
  EXPECT_EQ(state(1), "WARNING");
  clock.advance(hours(24 * 30));
  EXPECT_EQ(state(0), "WARNING");
  EXPECT_EQ(state(1), "CRITICAL");
}

TEST_F(CertificatesTest, ASelfSignedOneIsMadeAnewBeforeItEnds) {
  settings.certificates.mode = tls::CertificateMode::kAuto;
  const auto before = load();
  EXPECT_EQ(before->sources.at(0).kind, "self_signed");
  clock.advance(hours(24 * 55));
  EXPECT_EQ(certificates.refresh(), nullptr);
  clock.advance(hours(24 * 6));
  const auto after = certificates.refresh();
  ASSERT_NE(after, nullptr);
  EXPECT_NE(print_of(after), print_of(before));
}

TEST_F(CertificatesTest, RulesForClientsAreReadAgain) {
  write_pair("a.test");
  serve("a.test");
  const auto client = root.issue({.common_name = "client"});
  tls::ClientAuthSettings rule{.mode = tls::ClientAuthMode::kRequire, .ca = write("ca.pem", root.pem()),
                               .crl = write("crl.pem", root.revocations({}))};
  settings.listeners[0].client_auth = rule;
  settings.listeners[0].tls_names = {{.hosts = {"b.test"}, .client_auth = rule}, {.hosts = {"open.test"}}};
  const auto before = load();
  EXPECT_EQ(before->rules.size(), 2u) << "one for two names, and one that is off";
  const tls::Context& context = *before->contexts.at("https");
  EXPECT_EQ(context.client_auth("b.test"), context.client_auth("else.test"));
  EXPECT_EQ(context.client_auth("open.test"), nullptr);
  write("crl.pem", root.revocations({client.chain}));
  const auto after = certificates.refresh();
  ASSERT_NE(after, nullptr);
  EXPECT_NE(after->contexts.at("https")->client_auth("b.test")->id(), context.client_auth("b.test")->id());
  ASSERT_TRUE(certificates.adopt(after));
  write("crl.pem", "nonsense");
  const auto kept = certificates.refresh();
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->contexts.at("https")->client_auth("b.test")->id(), after->contexts.at("https")->client_auth("b.test")->id());
}

}  // namespace
}  // namespace gatehouse::app
