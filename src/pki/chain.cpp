#include "gatehouse/pki/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "gatehouse/base/encoding.h"
#include "gatehouse/base/timestamp.h"
#include "native.h"

namespace gatehouse::pki {

namespace {

constexpr std::size_t kMaxBytes = 128 * 1024;
constexpr int kMaxCertificates = 10;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

Error unreadable(std::string why) { return make_error("certificate-unreadable", "the certificate chain " + std::move(why)); }

std::string_view take_line(std::string_view& text) {
  std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

// Only certificates: nobody else's key or parameters come in this way (RFC 8555, section 11.4).
Status check_form(std::string_view pem) {
  if (pem.size() > kMaxBytes) return unreadable("is longer than 128 KiB");
  bool inside = false;
  int count = 0;
  while (!pem.empty()) {
    const std::string_view line = take_line(pem);
    if (inside) {
      if (line.starts_with("-----") && line != kEnd) return unreadable("has a block without an end");
      inside = line != kEnd;
    } else if (line == kBegin) {
      inside = true;
      if (++count > kMaxCertificates) return unreadable("has more than 10 certificates");
    } else if (!line.empty()) {
      return unreadable("holds something else than certificates");
    }
  }
  if (inside) return unreadable("is cut off");
  if (count == 0) return unreadable("has no certificate");
  return {};
}

runtime::WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return runtime::WallTime(std::chrono::seconds(::timegm(&parts)));
}

// The content of the DER form: its tag and length bytes are left out.
std::string serial_bytes(const X509* certificate) {
  const std::string der = der_of<i2d_ASN1_INTEGER>(X509_get0_serialNumber(certificate));
  return der.size() < 2 ? std::string() : der.substr(2);  // a length below 128 has one byte; RFC 5280 allows 20
}

}  // namespace

Result<Chain> Chain::parse(std::string_view pem) {
  if (Status formed = check_form(pem); !formed) return std::move(formed).error();
  ERR_clear_error();
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Chain chain;
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) chain.certificates_.emplace_back(next, X509_free);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_reason();
  if (!at_end || chain.certificates_.empty()) return unreadable("is broken: " + reason);
  return chain;
}

runtime::WallTime Chain::not_before() const { return time_of(X509_get0_notBefore(certificates_.front().get())); }
runtime::WallTime Chain::not_after() const { return time_of(X509_get0_notAfter(certificates_.front().get())); }
std::string Chain::der() const { return der_of<i2d_X509>(certificates_.front().get()); }
std::string Chain::serial() const { return encode_hex(bytes_of(serial_bytes(certificates_.front().get()))); }

std::string Chain::top_issuer() const {
  const X509_NAME* const issuer = X509_get_issuer_name(certificates_.back().get());
  const int at = X509_NAME_get_index_by_NID(issuer, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(issuer, at)));
  std::string name(reinterpret_cast<const char*>(text), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(text);
  ERR_clear_error();
  return name;
}

std::string Chain::renewal_id() const {
  X509* const leaf = certificates_.front().get();
  const ASN1_OCTET_STRING* const authority = X509_get0_authority_key_id(leaf);
  ERR_clear_error();
  if (authority == nullptr) return {};
  const std::string_view identifier(reinterpret_cast<const char*>(ASN1_STRING_get0_data(authority)),
                                    static_cast<std::size_t>(ASN1_STRING_length(authority)));
  return encode_base64url(identifier) + "." + encode_base64url(serial_bytes(leaf));
}

Result<std::shared_ptr<const tls::Certificate>> check_issued(std::string_view pem, const Key& key, const Names& names,
                                                             runtime::WallTime now) {
  if (Status formed = check_form(pem); !formed) return std::move(formed).error();
  auto certificate = tls::Certificate::parse(pem, key.to_pem().reveal(), now);
  if (!certificate) return certificate;
  if ((*certificate)->not_before() > now) {
    return make_error("certificate-not-yet-valid", "the certificate is valid from " + rfc3339((*certificate)->not_before()),
                      "is the clock of this machine right?");
  }
  std::vector<std::string> present = (*certificate)->names();
  std::vector<std::string> wanted = texts_of(names);
  std::sort(present.begin(), present.end());
  std::sort(wanted.begin(), wanted.end());
  if (present == wanted) return certificate;
  std::string list;
  for (const std::string& name : present) list.append(list.empty() ? "" : ", ").append(name);
  return make_error("certificate-names", "the certificate is for other names than were asked for: " + list.substr(0, 300));
}

}  // namespace gatehouse::pki
