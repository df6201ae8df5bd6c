#include "gatehouse/pki/key.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

namespace gatehouse::pki {
namespace {

std::string pem_of(EVP_PKEY* raw, const EVP_CIPHER* cipher = nullptr) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(raw, EVP_PKEY_free);
  std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
  char password[] = "secret";
  PEM_write_bio_PKCS8PrivateKey(out.get(), raw, cipher, cipher != nullptr ? password : nullptr, cipher != nullptr ? 6 : 0, nullptr, nullptr);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

TEST(KeyTest, IsMadeWrittenAndRead) {
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kRsa, KeyType::kEd25519}) {
    const auto key = Key::generate(type);
    ASSERT_TRUE(key);
    const auto again = Key::parse(key->to_pem().reveal());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->type(), type);
    EXPECT_TRUE(again->same_as(*key));
    EXPECT_FALSE(Key::generate(type)->same_as(*key));
  }
  EXPECT_EQ(EVP_PKEY_get_bits(Key::generate(KeyType::kRsa)->native()), 2048);
}

TEST(KeyTest, RefusesOtherKinds) {
  for (EVP_PKEY* raw : {EVP_EC_gen("P-521"), EVP_RSA_gen(1024), EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")}) {
    ASSERT_NE(raw, nullptr);
    const auto key = Key::parse(pem_of(raw));
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().slug, "key-unsupported");
  }
  EXPECT_TRUE(Key::parse(pem_of(EVP_RSA_gen(3072))));
}

TEST(KeyTest, NeedsNoPassword) {
  const auto key = Key::parse(pem_of(EVP_EC_gen("P-256"), EVP_aes_256_cbc()));
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().slug, "key-encrypted");
}

TEST(KeyTest, TellsNothingOfADamagedKey) {
  const std::string pem(Key::generate(KeyType::kEcdsaP256)->to_pem().reveal());
  for (std::size_t cut = 0; cut + 2 < pem.size(); ++cut) {
    const auto key = Key::parse(std::string_view(pem).substr(0, cut));
    ASSERT_FALSE(key) << cut;
    EXPECT_EQ(key.error().slug, "key-unreadable");
    const std::string told = key.error().message + key.error().help;
    for (std::size_t at = 28; at + 12 < pem.size() - 26; ++at) {
      ASSERT_EQ(told.find(pem.substr(at, 12)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace gatehouse::pki
