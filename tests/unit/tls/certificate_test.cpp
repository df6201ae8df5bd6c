// Every reason for which a certificate is refused, with what it says.
#include "gatehouse/tls/certificate.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fakes/manual_clock.h"
#include "fakes/test_ca.h"
#include "gatehouse/tls/context.h"
#include "native.h"

namespace gatehouse::tls {
namespace {

using Hours = std::chrono::hours;

const runtime::WallTime kNow = fakes::ManualClock().wall();

class CertificateTest : public testing::Test {
 protected:
  CertificateTest() {
    char path[] = "/tmp/gatehouse-certificate-XXXXXX";
    directory = ::mkdtemp(path);
  }
  ~CertificateTest() override { std::filesystem::remove_all(directory); }

  fakes::TestCa::Pem leaf() { return root.issue({.common_name = "a", .names = "DNS:a.test"}); }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    const std::string path = directory + "/" + name;
    std::ofstream(path) << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  Error refusal(const std::string& chain, const std::string& key) {
    const auto parsed = Certificate::parse(chain, key, kNow);
    EXPECT_FALSE(parsed);
    return parsed ? Error{} : parsed.error();
  }
  Error load_refusal(const CertificateFile& file) {
    const auto loaded = Certificate::load(file, kNow);
    EXPECT_FALSE(loaded);
    return loaded ? Error{} : loaded.error();
  }

  std::string directory;
  fakes::TestCa root{"root", kNow};
  fakes::TestCa middle{"middle", root};
};

TEST_F(CertificateTest, SaysWhatItHolds) {
  const char* const names = "DNS:A.test,DNS:*.b.test,IP:10.0.0.1,IP:2001:db8::1";
  const auto pem = middle.issue({.common_name = "a", .names = names, .begins = Hours(-2), .ends = Hours(720)});
  const auto parsed = Certificate::parse(pem.chain, pem.key, kNow);
  ASSERT_TRUE(parsed) << parsed.error().message;
  const Certificate& certificate = **parsed;
  EXPECT_EQ(certificate.names(), (std::vector<std::string>{"a.test", "*.b.test", "10.0.0.1", "2001:db8::1"}));
  EXPECT_EQ(certificate.not_before(), kNow - Hours(2));
  EXPECT_EQ(certificate.not_after(), kNow + Hours(720));
  EXPECT_EQ(certificate.fingerprint().size(), 64u);
  EXPECT_FALSE(certificate.self_signed());
  EXPECT_EQ(sk_X509_num(certificate.native().chain.get()), 1);
}

TEST_F(CertificateTest, Expired) {
  const auto pem = root.issue({.common_name = "old one", .names = "DNS:a.test", .begins = Hours(-100), .ends = Hours(0)});
  const Error error = refusal(pem.chain, pem.key);
  EXPECT_EQ(error.slug, "certificate-expired");
  EXPECT_NE(error.message.find("old one"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("2025-11-24"), std::string::npos) << error.message;
  const auto last_hour = root.issue({.common_name = "a", .names = "DNS:a.test", .begins = Hours(-100), .ends = Hours(1)});
  EXPECT_TRUE(Certificate::parse(last_hour.chain, last_hour.key, kNow));
  EXPECT_FALSE(Certificate::parse(last_hour.chain, last_hour.key, kNow + Hours(1)));
}

TEST_F(CertificateTest, KeyOfAnother) {
  const auto one = leaf(), two = leaf();
  const auto rsa = root.issue({.common_name = "a", .names = "DNS:a.test", .rsa = true});
  EXPECT_EQ(refusal(one.chain, two.key).slug, "key-mismatch");
  EXPECT_EQ(refusal(one.chain, rsa.key).slug, "key-mismatch");
}

TEST_F(CertificateTest, ChainOutOfOrder) {
  const auto pem = middle.issue({.common_name = "a", .names = "DNS:a.test"});
  const std::string leaf = pem.chain.substr(0, pem.chain.size() - middle.pem().size());
  EXPECT_TRUE(Certificate::parse(leaf + middle.pem() + root.pem(), pem.key, kNow));
  EXPECT_TRUE(Certificate::parse(leaf, pem.key, kNow)) << "the issuer may be left out";
  for (const std::string& chain : {leaf + root.pem() + middle.pem(), leaf + root.pem(),
                                   leaf + middle.pem() + middle.pem()}) {
    const Error error = refusal(chain, pem.key);
    EXPECT_EQ(error.slug, "certificate-chain");
    EXPECT_FALSE(error.help.empty());
  }
  EXPECT_EQ(refusal(middle.pem() + leaf, pem.key).slug, "key-mismatch") << "the leaf is not first";
}

TEST_F(CertificateTest, NoNames) {
  const auto pem = root.issue({.common_name = "www.a.test"});
  const Error error = refusal(pem.chain, pem.key);
  EXPECT_EQ(error.slug, "certificate-no-names");
  EXPECT_NE(error.help.find("common name"), std::string::npos) << error.help;
}

TEST_F(CertificateTest, EncryptedKey) {
  const auto pem = leaf();
  const auto certificate = Certificate::parse(pem.chain, pem.key, kNow);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  EVP_PKEY* const key = (*certificate)->native().key.get();
  ASSERT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, EVP_aes_256_cbc(), "horse", 5, nullptr, nullptr), 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  const Error error = refusal(pem.chain, std::string(bytes, static_cast<std::size_t>(size)));
  EXPECT_EQ(error.slug, "key-encrypted");
  EXPECT_NE(error.help.find("openssl pkey"), std::string::npos) << error.help;
}

TEST_F(CertificateTest, TruncatedPem) {
  const auto pem = middle.issue({.common_name = "a", .names = "DNS:a.test"});
  const auto cut = [](const std::string& text, std::size_t bytes) { return text.substr(0, text.size() - bytes); };
  EXPECT_EQ(refusal(cut(pem.chain, 100), pem.key).slug, "certificate-unreadable") << "in the second of the chain";
  EXPECT_EQ(refusal(pem.chain.substr(0, 200), pem.key).slug, "certificate-unreadable");
  EXPECT_EQ(refusal(pem.chain, cut(pem.key, 60)).slug, "key-unreadable");
  EXPECT_EQ(refusal("", pem.key).slug, "certificate-unreadable");
  EXPECT_EQ(refusal(pem.chain, "").slug, "key-unreadable");
  EXPECT_EQ(refusal(pem.key, pem.key).slug, "certificate-unreadable") << "a key where the certificate should be";
  EXPECT_EQ(refusal(pem.chain, pem.chain).slug, "key-unreadable");
  std::string broken = pem.chain;
  broken[100] = broken[100] == 'A' ? 'B' : 'A';
  broken[101] = '!';
  EXPECT_EQ(refusal(broken, pem.key).slug, "certificate-unreadable");
}

TEST_F(CertificateTest, LoadsFilesOfAnyOwnerButNotOfEverybody) {
  const auto pem = leaf();
  const std::string chain = write("chain.pem", pem.chain, 0644);
  EXPECT_TRUE(Certificate::load({chain, write("key.pem", pem.key, 0600)}, kNow));
  EXPECT_TRUE(Certificate::load({chain, write("key.pem", pem.key, 0640)}, kNow)) << "a group may share it";
  for (const mode_t mode : {0644, 0602, 0601}) {
    const Error error = load_refusal({chain, write("key.pem", pem.key, mode)});
    EXPECT_EQ(error.slug, "key-permissions");
    EXPECT_EQ(error.help, "chmod 600 " + directory + "/key.pem");
  }
}

TEST_F(CertificateTest, UnreadableFilesAreNamed) {
  const auto pem = leaf();
  const std::string chain = write("chain.pem", pem.chain), key = write("key.pem", pem.key);
  const std::string absent = directory + "/absent.pem";
  EXPECT_EQ(load_refusal({absent, key}).slug, "certificate-unreadable");
  EXPECT_NE(load_refusal({absent, key}).message.find(absent + ": No such file"), std::string::npos);
  EXPECT_EQ(load_refusal({chain, absent}).slug, "key-unreadable");
  EXPECT_EQ(load_refusal({directory, key}).slug, "certificate-unreadable") << "a directory";
  EXPECT_EQ(load_refusal({write("big.pem", std::string(2'000'000, 'x')), key}).slug, "certificate-unreadable");
  EXPECT_TRUE(load_refusal({write("cut.pem", pem.chain.substr(0, 90)), key}).message.starts_with(directory + "/cut.pem: "));
  const Error mismatch = load_refusal({chain, write("other.pem", leaf().key)});
  EXPECT_TRUE(mismatch.message.starts_with(directory + "/other.pem: ")) << mismatch.message;
}

TEST_F(CertificateTest, NeverBlocksOnWhatIsNoFile) {
  const auto pem = leaf();
  const std::string pipe = directory + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(load_refusal({pipe, write("key.pem", pem.key)}).slug, "certificate-unreadable");
}

TEST_F(CertificateTest, AContextNeedsOne) {
  EXPECT_EQ(Context::build({}).error().slug, "no-certificate");
  const auto pem = leaf();
  const auto certificate = Certificate::parse(pem.chain, pem.key, kNow);
  EXPECT_EQ(Context::build({.certificates = {*certificate}, .protocols = {""}}).error().slug, "tls-context");
  EXPECT_EQ(Context::build({.certificates = {*certificate}, .protocols = {std::string(256, 'x')}}).error().slug, "tls-context");
}

}  // namespace
}  // namespace gatehouse::tls
