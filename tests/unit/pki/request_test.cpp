#include "gatehouse/pki/request.h"

#include <gtest/gtest.h>

#include "fakes/issuing_ca.h"
#include "fakes/manual_clock.h"
#include "gatehouse/base/encoding.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::pki {
namespace {

using namespace std::chrono_literals;

struct Request {
  std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> native{nullptr, X509_REQ_free};
  explicit Request(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    native.reset(d2i_X509_REQ(nullptr, &bytes, static_cast<long>(der.size())));
  }
};

TEST(RequestTest, CarriesTheNamesAndNoSubject) {
  const Names names = *parse_names({"a.test", "*.a.test", "127.0.0.1", "2001:db8::1"});
  for (const KeyType type : {KeyType::kEcdsaP256, KeyType::kEcdsaP384, KeyType::kRsa, KeyType::kEd25519}) {
    const Key key = *Key::generate(type);
    const auto der = certificate_request(key, names);
    ASSERT_TRUE(der);
    const Request request(*der);
    ASSERT_TRUE(request.native);
    EXPECT_EQ(X509_REQ_verify(request.native.get(), key.native()), 1);
    EXPECT_EQ(X509_NAME_entry_count(X509_REQ_get_subject_name(request.native.get())), 0);
    EXPECT_EQ(fakes::IssuingCa::names_of(request.native.get()), "DNS:a.test,DNS:*.a.test,IP:127.0.0.1,IP:2001:DB8:0:0:0:0:0:1");
  }
}

struct Challenge {
  std::shared_ptr<const tls::Certificate> certificate;
  std::string extension;  // DER of its value
  bool critical = false;
};

Challenge challenge_for(const Name& name, const Sha256& digest) {
  fakes::ManualClock clock;
  const Key key = *Key::generate(KeyType::kEcdsaP256);
  const auto pem = challenge_certificate(key, name, digest, clock.wall(), runtime::system_random());
  EXPECT_TRUE(pem);
  Challenge challenge;
  challenge.certificate = *tls::Certificate::parse(*pem, key.to_pem().reveal(), clock.wall());
  std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())), BIO_free_all);
  const std::shared_ptr<X509> native(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  EXPECT_EQ(X509_verify(native.get(), key.native()), 1);
  const std::shared_ptr<ASN1_OBJECT> oid(OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1), ASN1_OBJECT_free);
  X509_EXTENSION* const found = X509_get_ext(native.get(), X509_get_ext_by_OBJ(native.get(), oid.get(), -1));
  if (found == nullptr) return challenge;
  challenge.critical = X509_EXTENSION_get_critical(found) == 1;
  const ASN1_OCTET_STRING* const value = X509_EXTENSION_get_data(found);
  challenge.extension.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), static_cast<std::size_t>(ASN1_STRING_length(value)));
  return challenge;
}

// RFC 8737, section 3.
TEST(ChallengeCertificateTest, CarriesTheDigestInACriticalExtension) {
  const Sha256 digest = sha256("token.thumbprint");
  for (const char* text : {"a.test", "127.0.0.1", "::1"}) {
    const Challenge challenge = challenge_for(*parse_name(text), digest);
    EXPECT_EQ(challenge.certificate->names(), std::vector<std::string>{text});
    EXPECT_TRUE(challenge.certificate->self_signed());
    EXPECT_TRUE(challenge.critical);
    EXPECT_EQ(encode_hex(bytes_of(challenge.extension)), "0420" + encode_hex(digest));
  }
}

TEST(RequestTest, HashesAsTheStandardSays) {
  EXPECT_EQ(encode_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace gatehouse::pki
