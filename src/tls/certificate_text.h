// What stands in a certificate, as text.
#pragma once

#include <openssl/x509.h>

#include <string>
#include <vector>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::tls {

std::string subject_of(const X509* certificate);  // "/CN=a.test"; unprintable bytes as \xNN, at most 255 bytes
std::string issuer_of(const X509* certificate);
std::string date_of(const ASN1_TIME* time);       // "2026-03-01"
runtime::WallTime time_of(const ASN1_TIME* time);
std::vector<std::string> names_of(const X509* leaf);  // DNS names (lower case, "*.a.b" too) and IP literals

}  // namespace gatehouse::tls
