#include "gatehouse/issuer/file_vault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <filesystem>
#include <set>
#include <thread>

#include "fakes/scratch_directory.h"
#include "vault_contract.h"

namespace gatehouse::issuer {
namespace {

namespace fs = std::filesystem;
using acme::Kind;

const runtime::WallTime kNow = fakes::ManualClock().wall();

class FileFixture final : public acme::VaultFixture {
 public:
  acme::Vault& vault() override { return *vault_; }
  std::unique_ptr<acme::Vault> other_node() override { return *open_file_vault(directory_.file("certificates"), kNow); }

 private:
  fakes::ScratchDirectory directory_;
  std::unique_ptr<acme::Vault> vault_ = other_node();
};

std::unique_ptr<acme::VaultFixture> make_fixture() { return std::make_unique<FileFixture>(); }

class FileVaultTest : public ::testing::Test {
 protected:
  std::unique_ptr<acme::Vault> open() { return *open_file_vault(root, kNow); }
  mode_t mode_of(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 07777;
  }
  std::vector<std::string> files() {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      if (entry.is_regular_file()) found.push_back(fs::relative(entry.path(), root));
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  fakes::ScratchDirectory directory;
  std::string root = directory.file("certificates");
};

TEST_F(FileVaultTest, HasReadableNamesAndClosedModes) {
  ::umask(0);
  const auto vault = open();
  ::umask(022);
  ASSERT_TRUE(vault->put(Kind::kCertificate, "*.a.test", Secret("x"), nullptr));
  ASSERT_TRUE(vault->put(Kind::kAccount, "ca.test_dir", Secret("x"), nullptr));
  ASSERT_TRUE(vault->put(Kind::kOrder, "a.test", Secret("x"), nullptr));
  ASSERT_TRUE(vault->put(Kind::kRenewal, "a.test", Secret("x"), nullptr));
  ASSERT_TRUE(*vault->acquire("a.test", "me", kNow, std::chrono::seconds(60)));
  EXPECT_EQ(files(), (std::vector<std::string>{".guard", "accounts/ca.test_dir.json", "leases/a.test.json", "live/_wildcard.a.test.pem",
                                               "orders/a.test.json", "renewal/a.test.json"}));
  for (const std::string& file : files()) EXPECT_EQ(mode_of(root + "/" + file), 0600U) << file;
  for (const char* part : {"", "/live", "/accounts", "/orders", "/renewal", "/leases"}) EXPECT_EQ(mode_of(root + part), 0700U) << part;
}

TEST_F(FileVaultTest, RefusesWhatOthersCanRead) {
  {
    const auto vault = open();
    ASSERT_TRUE(vault->put(Kind::kCertificate, "a.test", Secret("the key"), nullptr));
    fs::permissions(root + "/live/a.test.pem", fs::perms::others_read, fs::perm_options::add);
    const auto got = vault->get(Kind::kCertificate, "a.test");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().slug, "vault-insecure");
    EXPECT_EQ((got.error().message + got.error().help).find("the key"), std::string::npos);
  }
  fs::permissions(root + "/live", fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(open_file_vault(root, kNow).error().slug, "vault-insecure");
}

TEST_F(FileVaultTest, FollowsNoLinks) {
  const auto vault = open();
  directory.write("elsewhere", "text");
  fs::create_symlink(directory.file("elsewhere"), root + "/live/a.test.pem");
  EXPECT_FALSE(vault->get(Kind::kCertificate, "a.test"));
  ASSERT_TRUE(vault->put(Kind::kCertificate, "a.test", Secret("new"), nullptr));  // replaces the link
  std::ifstream elsewhere(directory.file("elsewhere"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(elsewhere), {}), "text");
}

TEST_F(FileVaultTest, ClearsWhatOldWritesLeft) {
  open();
  const std::string old_file = root + "/live/.new-a.test.pem-1-1", fresh_file = root + "/live/.new-b.test.pem-1-1";
  std::ofstream(old_file) << "half";
  std::ofstream(fresh_file) << "half";
  const auto time = [](runtime::WallTime wall) { return std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count(); };
  const timespec old_times[2] = {{time(kNow) - 7200, 0}, {time(kNow) - 7200, 0}}, fresh_times[2] = {{time(kNow), 0}, {time(kNow), 0}};
  ::utimensat(AT_FDCWD, old_file.c_str(), old_times, 0);
  ::utimensat(AT_FDCWD, fresh_file.c_str(), fresh_times, 0);
  EXPECT_TRUE(open()->list(Kind::kCertificate)->empty());
  EXPECT_FALSE(fs::exists(old_file));
  EXPECT_TRUE(fs::exists(fresh_file));
}

TEST_F(FileVaultTest, SaysWhenItCannotWrite) {
  const auto vault = open();
  fs::remove(root + "/orders");
  const Status put = vault->put(Kind::kOrder, "a.test", Secret("the secret"), nullptr);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().slug, "vault-unwritable");
  EXPECT_EQ(put.error().message.find("the secret"), std::string::npos);
  fs::remove_all(root);
  EXPECT_EQ(vault->self_test(runtime::system_random()).error().slug, "vault-unwritable");
}

TEST_F(FileVaultTest, DoesNotGuessADamagedLease) {
  const auto vault = open();
  for (const char* text : {"", "{}", "{\"fence\":-1}", "{\"fence\":1,\"owner\":7,\"until\":\"x\"}", "garbage"}) {
    std::ofstream(root + "/leases/a.test.json") << text;
    fs::permissions(root + "/leases/a.test.json", fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(vault->acquire("a.test", "me", kNow, std::chrono::seconds(60)).error().slug, "vault-damaged") << text;
  }
}

TEST_F(FileVaultTest, NeverWaitsForTheGuard) {
  const auto vault = open();
  auto lease = vault->acquire("a.test", "me", kNow, std::chrono::seconds(60));
  const int guard = ::open((root + "/.guard").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(guard, LOCK_EX), 0);
  EXPECT_EQ(vault->acquire("b.test", "me", kNow, std::chrono::seconds(60)).error().slug, "vault-busy");
  EXPECT_EQ(vault->put(Kind::kOrder, "a.test", Secret("x"), &**lease).error().slug, "vault-busy");
  ::close(guard);
  EXPECT_TRUE(vault->put(Kind::kOrder, "a.test", Secret("x"), &**lease));
}

// A process that is killed at any moment leaves the old text or the new one, whole.
TEST_F(FileVaultTest, IsWholeWheneverItsWriterIsKilled) {
  const auto text_of = [](int version) { return "version " + std::to_string(version) + "\n" + std::string(20'000, static_cast<char>('a' + version % 26)); };
  const auto vault = open();
  std::set<std::string> seen;
  for (int round = 0; round < 25; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto own = open_file_vault(root, kNow);
      for (int version = 0;; ++version) {
        if (!(*own)->put(Kind::kCertificate, "a.test", Secret(text_of(version)), nullptr)) ::_exit(1);
        if (::write(ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(ends[1]);
    char byte = 0;
    for (int i = 0; i <= round; ++i) EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto got = vault->get(Kind::kCertificate, "a.test");
    ASSERT_TRUE(got && *got);
    const std::string text((*got)->reveal());
    const std::string first = text.substr(0, text.find('\n'));
    int version = -1;
    std::from_chars(first.data() + 8, first.data() + first.size(), version);
    ASSERT_EQ(text, text_of(version));
    seen.insert(first);
  }
  EXPECT_GT(seen.size(), 5U);
}

// Nodes that fight for one lease: never two at a time, and each change is made by who has it.
TEST_F(FileVaultTest, TestsItselfSeveralTimesAtOnce) {
  const auto vault = open();
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int turn = 0; turn < 25; ++turn) failures += vault->self_test(runtime::system_random()) ? 0 : 1;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

TEST_F(FileVaultTest, GivesALeaseToOneOfMany) {
  open();
  std::atomic<int> holders{0}, most{0}, taken{0};
  std::vector<std::thread> nodes;
  for (int node = 0; node < 4; ++node) {
    nodes.emplace_back([&, node] {
      const auto vault = *open_file_vault(root, kNow);
      for (int i = 0; i < 200; ++i) {
        auto lease = vault->acquire("a.test", "node-" + std::to_string(node), kNow, std::chrono::seconds(60));
        if (!lease || !*lease) continue;
        const int now_holding = ++holders;
        most = std::max(most.load(), now_holding);
        ++taken;
        while (vault->put(Kind::kOrder, "a.test", Secret("x"), &**lease).ok() == false) {}
        --holders;
        while (vault->release(**lease).ok() == false) {}
      }
    });
  }
  for (std::thread& node : nodes) node.join();
  EXPECT_EQ(most, 1);
  EXPECT_GT(taken, 10);
}

}  // namespace
}  // namespace gatehouse::issuer

namespace gatehouse::acme {
INSTANTIATE_TEST_SUITE_P(File, VaultContractTest, ::testing::Values(&issuer::make_fixture));
}
