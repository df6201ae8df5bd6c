// What the TLS room needs to know; filled by the loader.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::tls {

enum class Policy { kIntermediate, kModern };  // Mozilla's names
enum class CertificateMode { kManual, kAcme, kSelfSigned, kAuto };

struct CertificateFile {
  std::string chain;  // PEM, leaf first
  std::string key;    // PEM; mode 0600 or stricter for others: a world-readable key is refused
};

struct CertificateSettings {
  CertificateMode mode = CertificateMode::kAuto;
  std::vector<CertificateFile> files;
  std::vector<std::string> self_signed_names{"localhost", "127.0.0.1", "::1"};
};

}  // namespace gatehouse::tls
