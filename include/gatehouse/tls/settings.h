// What the TLS room needs to know; filled by the loader.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gatehouse::tls {

enum class Policy { kIntermediate, kModern };  // Mozilla's names
enum class CertificateMode { kManual, kAcme, kSelfSigned, kAuto };

struct CertificateFile {
  std::string chain;  // PEM, leaf first
  std::string key;    // PEM; mode 0600 or stricter for others: a world-readable key is refused
};

enum class ClientAuthMode { kOff, kOptional, kRequire };

// Certificates of clients; gatehouse/tls/client_auth.h.
struct ClientAuthSettings {
  ClientAuthMode mode = ClientAuthMode::kOff;
  std::string ca{};         // PEM bundle of trusted authorities
  std::string crl{};        // PEM revocation lists; empty: none are looked at
  std::uint32_t depth = 3;  // authorities between a client's certificate and the trusted one
  bool operator==(const ClientAuthSettings&) const = default;
};

// What some names of a listener have of their own.
struct NameSettings {
  std::vector<std::string> hosts{};  // "a.b", "*.b"; lower case
  ClientAuthSettings client_auth{};
  bool operator==(const NameSettings&) const = default;
};

struct CertificateSettings {
  CertificateMode mode = CertificateMode::kAuto;
  std::vector<CertificateFile> files;
  std::vector<std::string> self_signed_names{"localhost", "127.0.0.1", "::1"};
  std::chrono::seconds expiry_warning{std::chrono::hours(24 * 30)};  // before the end of a certificate
  std::chrono::seconds check_interval{60};                           // between two looks at the files
};

}  // namespace gatehouse::tls
