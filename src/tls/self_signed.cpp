#include "gatehouse/tls/self_signed.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "native.h"

namespace gatehouse::tls {

namespace {

using SerialPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using AddressPtr = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

constexpr std::chrono::hours kLifetime{90 * 24};
constexpr std::chrono::hours kClockSkew{1};  // of a client whose clock is behind ours

std::time_t seconds_of(runtime::WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool set_serial(X509* certificate, runtime::Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);  // positive, and of full length
  const SerialPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '*' || c == ':';
  });
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const AddressPtr address(a2i_IPADDRESS(name.c_str()));
    text += (text.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  ERR_clear_error();
  return text;
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_names(X509* certificate, const std::vector<std::string>& names) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const std::string common = "gatehouse self-signed";
  return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.data()),
                                    static_cast<int>(common.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         add_extension(certificate, NID_subject_alt_name, alternative_names(names)) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         add_extension(certificate, NID_subject_key_identifier, "hash");
}

bool fill_certificate(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, runtime::WallTime now,
                      runtime::Random& random) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate, random) &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(now - kClockSkew)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(now + kLifetime)) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 && set_names(certificate, names) &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace

Result<CertificatePem> make_self_signed(const std::vector<std::string>& names, runtime::WallTime now, runtime::Random& random) {
  if (names.empty() || !std::all_of(names.begin(), names.end(), is_plain_name)) {
    return make_error("self-signed", "a self-signed certificate needs DNS names or IP addresses",
                      "see certificates.self_signed_names");
  }
  ERR_clear_error();
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  const BioPtr chain(BIO_new(BIO_s_mem()));
  const BioPtr secret(BIO_new(BIO_s_secmem()));
  const bool made = key && certificate && chain && secret && fill_certificate(certificate.get(), key.get(), names, now, random) &&
                    PEM_write_bio_X509(chain.get(), certificate.get()) == 1 &&
                    PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!made) return make_error("self-signed", "cannot make a self-signed certificate: " + take_reason());
  return CertificatePem{text_of(chain.get()), text_of(secret.get())};
}

}  // namespace gatehouse::tls
