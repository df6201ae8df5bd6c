#include "gatehouse/pki/request.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "gatehouse/base/check.h"
#include "native.h"

namespace gatehouse::pki {

namespace {

using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using NamePtr = std::unique_ptr<GENERAL_NAME, Deleter<GENERAL_NAME_free>>;
using TextPtr = std::unique_ptr<ASN1_IA5STRING, Deleter<ASN1_IA5STRING_free>>;
using ObjectPtr = std::unique_ptr<ASN1_OBJECT, Deleter<ASN1_OBJECT_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

void free_extensions(STACK_OF(X509_EXTENSION) * list) noexcept { sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free); }

constexpr const char* kAcmeIdentifier = "1.3.6.1.5.5.7.1.31";
constexpr std::chrono::hours kChallengeLifetime{7 * 24};
constexpr std::chrono::hours kClockSkew{1};

NamePtr general_name(const Name& name) {
  NamePtr entry(GENERAL_NAME_new());
  if (!entry) return nullptr;
  if (name.is_ip) {
    OctetsPtr address(a2i_IPADDRESS(name.text.c_str()));
    if (!address) return nullptr;
    GENERAL_NAME_set0_value(entry.get(), GEN_IPADD, address.release());
    return entry;
  }
  TextPtr host(ASN1_IA5STRING_new());
  if (!host || ASN1_STRING_set(host.get(), name.text.data(), static_cast<int>(name.text.size())) != 1) return nullptr;
  GENERAL_NAME_set0_value(entry.get(), GEN_DNS, host.release());
  return entry;
}

bool add_names(X509_REQ* request, const Names& names) {
  const NamesPtr list = general_names(names);
  STACK_OF(X509_EXTENSION)* extensions = nullptr;
  const bool added = list && X509V3_add1_i2d(&extensions, NID_subject_alt_name, list.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
                     X509_REQ_add_extensions(request, extensions) == 1;
  free_extensions(extensions);
  return added;
}

bool set_serial(X509* certificate, runtime::Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);  // positive, and of full length
  const NumberPtr number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// Authorization ::= OCTET STRING (SIZE (32)), itself the value of the extension.
bool add_authorization(X509* certificate, const Sha256& authorization) {
  std::string value{'\x04', '\x20'};
  value.append(authorization.begin(), authorization.end());
  const ObjectPtr object(OBJ_txt2obj(kAcmeIdentifier, 1));
  const OctetsPtr octet_string(ASN1_OCTET_STRING_new());
  if (!object || !octet_string ||
      ASN1_OCTET_STRING_set(octet_string.get(), octets(value), static_cast<int>(value.size())) != 1) {
    return false;
  }
  const ExtensionPtr extension(X509_EXTENSION_create_by_OBJ(nullptr, object.get(), 1, octet_string.get()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_subject(X509* certificate) {
  constexpr std::string_view kCommonName = "ACME challenge";
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC, octets(kCommonName),
                                    static_cast<int>(kCommonName.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool set_lifetime(X509* certificate, runtime::WallTime now) {
  const auto seconds = [](runtime::WallTime time) {
    return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(now - kClockSkew)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(now + kChallengeLifetime)) != nullptr;
}

}  // namespace

NamesPtr general_names(const Names& names) {
  NamesPtr list(GENERAL_NAMES_new());
  for (const Name& name : names) {
    NamePtr entry = general_name(name);
    if (!list || !entry || sk_GENERAL_NAME_push(list.get(), entry.get()) == 0) return nullptr;
    entry.release();
  }
  return list;
}

Sha256 sha256(std::string_view bytes) {
  Sha256 digest{};
  GATEHOUSE_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Result<std::string> certificate_request(const Key& key, const Names& names) {
  ERR_clear_error();
  const RequestPtr request(X509_REQ_new());
  const bool made = request && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    X509_REQ_set_pubkey(request.get(), key.native()) == 1 && add_names(request.get(), names) &&
                    X509_REQ_sign(request.get(), key.native(), digest_for(key)) > 0;
  std::string der = made ? der_of<i2d_X509_REQ>(request.get()) : std::string();
  if (der.empty()) return make_error("certificate-request", "cannot make a certificate request: " + take_reason());
  return der;
}

Result<std::string> challenge_certificate(const Key& key, const Name& name, const Sha256& authorization, runtime::WallTime now,
                                          runtime::Random& random) {
  ERR_clear_error();
  const X509Ptr certificate(X509_new());
  const NamesPtr names = general_names({name});
  const BioPtr pem(BIO_new(BIO_s_mem()));
  const bool made = certificate && names && pem && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_serial(certificate.get(), random) && set_subject(certificate.get()) &&
                    set_lifetime(certificate.get(), now) && X509_set_pubkey(certificate.get(), key.native()) == 1 &&
                    X509_add1_ext_i2d(certificate.get(), NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1 &&
                    add_authorization(certificate.get(), authorization) &&
                    X509_sign(certificate.get(), key.native(), digest_for(key)) > 0 &&
                    PEM_write_bio_X509(pem.get(), certificate.get()) == 1;
  if (!made) return make_error("challenge-certificate", "cannot make the certificate of a challenge: " + take_reason());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace gatehouse::pki
