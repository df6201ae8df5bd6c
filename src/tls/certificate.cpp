#include "gatehouse/tls/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "certificate_text.h"
#include "gatehouse/base/encoding.h"
#include "native.h"
#include "pem_file.h"

namespace gatehouse::tls {

namespace {

constexpr mode_t kForOthers = S_IROTH | S_IWOTH | S_IXOTH;

int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<KeyPtr> parse_key(std::string_view pem) {
  bool encrypted = false;
  const BioPtr bio = bio_of(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &encrypted));
  const std::string reason = take_reason();
  if (key) return key;
  if (encrypted) {
    return make_error("key-encrypted", "the private key is encrypted", "decrypt it: openssl pkey -in KEY -out NEW");
  }
  return make_error("key-unreadable", "the private key is not PEM: " + reason);
}

Status parse_chain(std::string_view pem, Certificate::Native& out) {
  const BioPtr bio = bio_of(pem);
  out.leaf.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!out.leaf) return make_error("certificate-unreadable", "the certificate is not PEM: " + take_reason());
  out.chain.reset(sk_X509_new_null());
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) sk_X509_push(out.chain.get(), next);
  const bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!end) return make_error("certificate-unreadable", "the certificate chain is broken: " + take_reason());
  ERR_clear_error();
  return {};
}

Status check_order(const Certificate::Native& native) {
  X509* subject = native.leaf.get();
  for (int i = 0; i < sk_X509_num(native.chain.get()); ++i) {
    X509* const issuer = sk_X509_value(native.chain.get(), i);
    if (X509_check_issued(issuer, subject) != X509_V_OK) {
      ERR_clear_error();
      return make_error("certificate-chain",
                        "certificate " + std::to_string(i + 2) + " of the chain (" + subject_of(issuer) +
                            ") did not issue the one before it (" + subject_of(subject) + ")",
                        "put the server's certificate first and each issuer behind the certificate that it issued");
    }
    subject = issuer;
  }
  return {};
}

std::string fingerprint_of(X509* leaf) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  return X509_digest(leaf, EVP_sha256(), digest, &size) == 1 ? encode_hex({digest, size}) : std::string();
}

}  // namespace

Result<std::shared_ptr<const Certificate>> Certificate::parse(std::string_view chain_pem, std::string_view key_pem,
                                                              runtime::WallTime now, Role role) {
  ERR_clear_error();
  auto native = std::make_unique<Native>();
  if (Status parsed = parse_chain(chain_pem, *native); !parsed) return std::move(parsed).error();
  auto key = parse_key(key_pem);
  if (!key) return std::move(key).error();
  native->key = *std::move(key);
  X509* const leaf = native->leaf.get();
  if (X509_check_private_key(leaf, native->key.get()) != 1) {
    ERR_clear_error();
    return make_error("key-mismatch", "the private key does not belong to the certificate of " + subject_of(leaf));
  }
  if (Status ordered = check_order(*native); !ordered) return std::move(ordered).error();
  native->not_before = time_of(X509_get0_notBefore(leaf));
  native->not_after = time_of(X509_get0_notAfter(leaf));
  if (native->not_after <= now) {
    return make_error("certificate-expired", "the certificate of " + subject_of(leaf) + " expired on " +
                                                  date_of(X509_get0_notAfter(leaf)));
  }
  native->names = names_of(leaf);
  if (native->names.empty() && role == Role::kServer) {
    return make_error("certificate-no-names", "the certificate of " + subject_of(leaf) + " has no subjectAltName",
                      "clients ignore the common name: issue it again with DNS names or IP addresses");
  }
  native->fingerprint = fingerprint_of(leaf);
  // By name: X509_check_issued() would ask for keyCertSign, which a leaf of our own does not have.
  native->self_signed = X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) == 0;
  ERR_clear_error();
  return std::shared_ptr<const Certificate>(std::make_shared<Certificate>(std::move(native)));
}

Result<std::shared_ptr<const Certificate>> Certificate::load(const CertificateFile& file, runtime::WallTime now, Role role) {
  FileText chain, key;
  if (Status read = read_file(file.chain, "certificate-unreadable", chain); !read) return std::move(read).error();
  if (Status read = read_file(file.key, "key-unreadable", key); !read) return std::move(read).error();
  if ((key.mode & kForOthers) != 0) {
    return make_error("key-permissions", "every user of this machine can read the private key " + file.key,
                      "chmod 600 " + file.key);
  }
  auto certificate = parse(chain.text, key.text, now, role);
  if (certificate) return certificate;
  const bool of_key = certificate.error().slug.starts_with("key-");
  return std::move(certificate).error().context(of_key ? file.key : file.chain);
}

Certificate::Certificate(std::unique_ptr<Native> native) : native_(std::move(native)) {}
Certificate::~Certificate() = default;

const std::vector<std::string>& Certificate::names() const noexcept { return native_->names; }
runtime::WallTime Certificate::not_before() const noexcept { return native_->not_before; }
runtime::WallTime Certificate::not_after() const noexcept { return native_->not_after; }
std::string_view Certificate::fingerprint() const noexcept { return native_->fingerprint; }
bool Certificate::self_signed() const noexcept { return native_->self_signed; }

}  // namespace gatehouse::tls
