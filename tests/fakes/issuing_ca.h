// An issuing certificate authority for tests: a root, an intermediate below it, and leaves for certificate requests, with the
// faults that a client must see.
//
//   fakes::IssuingCa ca;
//   std::string chain = ca.issue(csr_der, {.not_before = now, .not_after = now + 90 * 24h});
#pragma once

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/check.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::fakes {

struct Issue {
  runtime::WallTime not_before;
  runtime::WallTime not_after;
  std::optional<std::vector<std::string>> names{};  // instead of those of the request: "DNS:a.test", "IP:127.0.0.1"
  std::optional<pki::Key> key{};                    // instead of that of the request
};

class IssuingCa {
 public:
  using X509Ptr = std::shared_ptr<X509>;

  explicit IssuingCa(std::string root_name = "Test Root", runtime::WallTime now = runtime::WallTime(std::chrono::hours(24 * 365 * 55)))
      : root_key_(*pki::Key::generate(pki::KeyType::kEcdsaP256)), key_(*pki::Key::generate(pki::KeyType::kEcdsaP256)) {
    const auto before = now - std::chrono::hours(24 * 365 * 20);
    const auto after = now + std::chrono::hours(24 * 365 * 20);
    root_ = certificate(root_key_.native(), root_name, nullptr, root_key_, before, after);
    extend(root_.get(), root_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(root_.get(), root_.get(), NID_subject_key_identifier, "hash");
    sign(root_.get(), root_key_);
    intermediate_ = certificate(key_.native(), root_name + " E1", root_.get(), root_key_, before, after);
    extend(intermediate_.get(), root_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(intermediate_.get(), root_.get(), NID_subject_key_identifier, "hash");
    sign(intermediate_.get(), root_key_);
  }

  std::string root_pem() const { return pem(root_.get()); }
  std::string intermediate_pem() const { return pem(intermediate_.get()); }

  // Leaf and intermediate; empty when the request is none or its signature is wrong.
  std::string issue(std::string_view request_der, const Issue& how) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(request_der.data());
    std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)> request(
        d2i_X509_REQ(nullptr, &bytes, static_cast<long>(request_der.size())), X509_REQ_free);
    if (!request || X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) != 1) return {};
    EVP_PKEY* const key = how.key ? how.key->native() : X509_REQ_get0_pubkey(request.get());
    X509Ptr leaf = certificate(key, {}, intermediate_.get(), key_, how.not_before, how.not_after);
    extend(leaf.get(), intermediate_.get(), NID_authority_key_identifier, "keyid:always");
    extend(leaf.get(), intermediate_.get(), NID_basic_constraints, "critical,CA:FALSE");
    std::string names = how.names ? joined(*how.names) : names_of(request.get());
    if (names.empty()) return {};
    extend(leaf.get(), intermediate_.get(), NID_subject_alt_name, names);
    sign(leaf.get(), key_);
    return pem(leaf.get()) + pem(intermediate_.get());
  }

  // "DNS:a.test,IP Address:127.0.0.1", as the request has them; empty when it is none.
  static std::string names_of(X509_REQ* request) {
    STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request);
    auto* list = static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions, NID_subject_alt_name, nullptr, nullptr));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    std::vector<std::string> names;
    for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
      std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
      GENERAL_NAME_print(out.get(), sk_GENERAL_NAME_value(list, i));
      std::string text = text_of(out.get());
      if (text.starts_with("IP Address:")) text.replace(0, 11, "IP:");
      names.push_back(text);
    }
    GENERAL_NAMES_free(list);
    return joined(names);
  }

 private:
  static std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : ",").append(name);
    return text;
  }

  X509Ptr certificate(EVP_PKEY* key, const std::string& name, X509* issuer, const pki::Key&, runtime::WallTime before,
                      runtime::WallTime after) {
    X509Ptr made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), 0x8765432100 + ++serial_);
    X509_NAME* const subject = X509_get_subject_name(made.get());
    if (!name.empty()) {
      X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.data()),
                                 static_cast<int>(name.size()), -1, 0);
    }
    X509_set_issuer_name(made.get(), issuer == nullptr ? subject : X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(made.get()), seconds(before));
    ASN1_TIME_set(X509_getm_notAfter(made.get()), seconds(after));
    X509_set_pubkey(made.get(), key);
    return made;
  }

  static std::time_t seconds(runtime::WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  }
  static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    GATEHOUSE_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
  }
  static void sign(X509* certificate, const pki::Key& key) { GATEHOUSE_CHECK(X509_sign(certificate, key.native(), EVP_sha256()) > 0); }
  static std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return std::string(bytes, static_cast<std::size_t>(size));
  }
  static std::string pem(X509* certificate) {
    std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    PEM_write_bio_X509(out.get(), certificate);
    return text_of(out.get());
  }

  std::uint64_t serial_ = 0;
  pki::Key root_key_, key_;
  X509Ptr root_, intermediate_;
};

}  // namespace gatehouse::fakes
