// A certificate authority for tests: issues what a real one would, and what it would not (expired, without names, with
// another authority in between).
//
//   fakes::TestCa root("root", now);
//   const auto leaf = root.issue({.common_name = "a.test", .names = "DNS:a.test,IP:127.0.0.1"});
//   tls::ClientContext::build({.ca_pem = root.pem()});
//   tls::Certificate::parse(leaf.chain, leaf.key, now);
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/check.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::fakes {

class TestCa {
 public:
  static constexpr std::chrono::hours kLong{24 * 3650};
  struct Leaf {
    std::string common_name;
    std::string names{};            // subjectAltName as OpenSSL writes it; empty: none
    std::chrono::hours begins{-1};  // from the authority's now
    std::chrono::hours ends{24 * 30};
    bool rsa = false;               // else ECDSA P-256
    std::string usage{};            // "serverAuth"; empty: any
  };
  struct Pem {
    std::string chain;  // with the authorities between the leaf and the root
    std::string key;
  };

  TestCa(const std::string& common_name, runtime::WallTime now) : now_(now) {
    key_ = make_key();
    certificate_ = make({.common_name = common_name, .ends = kLong}, key_.get(), "critical,CA:TRUE", nullptr);
  }
  // One that another has issued.
  TestCa(const std::string& common_name, const TestCa& issuer) : now_(issuer.now_) {
    key_ = make_key();
    certificate_ = make({.common_name = common_name, .ends = kLong}, key_.get(), "critical,CA:TRUE", &issuer);
    below_root_ = pem() + issuer.below_root_;
  }

  std::string pem() const { return text(certificate_.get()); }

  Pem issue(const Leaf& leaf) const {
    const Key key(leaf.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
    const Cert certificate = make(leaf, key.get(), "critical,CA:FALSE", this);
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return {text(certificate.get()) + below_root_, text(bio.get())};
  }

  // The list of those that are revoked, by their chains.
  std::string revocations(const std::vector<std::string>& chains, std::chrono::hours ends = std::chrono::hours(24)) const {
    const std::unique_ptr<X509_CRL, Free> list(X509_CRL_new());
    const std::unique_ptr<ASN1_TIME, Free> begin(ASN1_TIME_set(nullptr, at(std::chrono::hours(-2))));
    const std::unique_ptr<ASN1_TIME, Free> end(ASN1_TIME_set(nullptr, at(ends)));
    X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get()));
    X509_CRL_set1_lastUpdate(list.get(), begin.get());
    X509_CRL_set1_nextUpdate(list.get(), end.get());
    for (const std::string& chain : chains) {
      const Bio bio(BIO_new_mem_buf(chain.data(), static_cast<int>(chain.size())));
      const Cert leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
      X509_REVOKED* const revoked = X509_REVOKED_new();
      X509_REVOKED_set_serialNumber(revoked, X509_get_serialNumber(leaf.get()));
      X509_REVOKED_set_revocationDate(revoked, begin.get());
      X509_CRL_add0_revoked(list.get(), revoked);
    }
    GATEHOUSE_CHECK(X509_CRL_sort(list.get()) == 1 && X509_CRL_sign(list.get(), key_.get(), EVP_sha256()) > 0);
    const Bio out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_CRL(out.get(), list.get());
    return text(out.get());
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509_CRL* list) const noexcept { X509_CRL_free(list); }
    void operator()(ASN1_TIME* time) const noexcept { ASN1_TIME_free(time); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
  };
  using Key = std::unique_ptr<EVP_PKEY, Free>;
  using Cert = std::unique_ptr<X509, Free>;
  using Bio = std::unique_ptr<BIO, Free>;

  static Key make_key() { return Key(EVP_EC_gen("P-256")); }

  static std::string text(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return std::string(bytes, static_cast<std::size_t>(size));
  }
  static std::string text(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    return text(bio.get());
  }

  static void extend(X509* certificate, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    GATEHOUSE_CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
  }

  std::time_t at(std::chrono::hours offset) const {
    return std::chrono::duration_cast<std::chrono::seconds>((now_ + offset).time_since_epoch()).count();
  }

  Cert make(const Leaf& leaf, EVP_PKEY* key, const char* constraints, const TestCa* issuer) const {
    static long serial = 1;
    Cert certificate(X509_new());
    X509* const made = certificate.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
    ASN1_TIME_set(X509_getm_notBefore(made), at(leaf.begins));
    ASN1_TIME_set(X509_getm_notAfter(made), at(leaf.ends));
    X509_set_pubkey(made, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(leaf.common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(issuer != nullptr ? issuer->certificate_.get() : made));
    extend(made, NID_basic_constraints, constraints);
    if (!leaf.names.empty()) extend(made, NID_subject_alt_name, leaf.names);
    if (!leaf.usage.empty()) extend(made, NID_ext_key_usage, leaf.usage);
    GATEHOUSE_CHECK(X509_sign(made, issuer != nullptr ? issuer->key_.get() : key, EVP_sha256()) > 0);
    return certificate;
  }

  runtime::WallTime now_;
  Key key_;
  Cert certificate_;
  std::string below_root_;  // this authority's chain up to, and without, the root
};

}  // namespace gatehouse::fakes
