#include "certificate_text.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "gatehouse/base/timestamp.h"

namespace gatehouse::tls {

namespace {

std::string one_line(const X509_NAME* name) {
  char text[256] = {};
  X509_NAME_oneline(name, text, sizeof text);
  return text;
}

std::string address_name(const ASN1_OCTET_STRING* address) {
  char text[INET6_ADDRSTRLEN] = {};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return {};
  ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text, sizeof text);
  return text;
}

std::string general_name(const GENERAL_NAME* name) {
  if (name->type == GEN_IPADD) return address_name(name->d.iPAddress);
  if (name->type != GEN_DNS) return {};
  const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
  std::string text(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  for (char& c : text) {
    if (c <= ' ' || c > '~') return {};
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string subject_of(const X509* certificate) { return one_line(X509_get_subject_name(certificate)); }
std::string issuer_of(const X509* certificate) { return one_line(X509_get_issuer_name(certificate)); }
std::string date_of(const ASN1_TIME* time) { return rfc3339(time_of(time)).substr(0, 10); }

runtime::WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return runtime::WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::vector<std::string> names_of(const X509* leaf) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    std::string name = general_name(sk_GENERAL_NAME_value(list, i));
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  GENERAL_NAMES_free(list);
  ERR_clear_error();
  return names;
}

}  // namespace gatehouse::tls
