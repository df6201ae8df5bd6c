// A certificate of our own, for the time before there is a better one: ECDSA P-256, 90 days, the given names and addresses
// as subjectAltName. It is a leaf (CA:FALSE): a client trusts it by taking self-signed.pem as its CA file, and
// trusts nothing else with it.
//
// It is kept in the state directory as self-signed.pem (0644) and self-signed.key (0600) and used again until the names
// change, fewer than 30 days are left, or the files do not fit together. Files are replaced atomically and synced.
//
// Errors: "self-signed" (cannot make or write it; the message has the path and errno). Thread: any, but it writes files:
// at start, or offloaded.
#pragma once

#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::tls {

struct CertificatePem {
  std::string chain;
  std::string key;
};

Result<CertificatePem> make_self_signed(const std::vector<std::string>& names, runtime::WallTime now, runtime::Random& random);

struct SelfSigned {
  std::shared_ptr<const Certificate> certificate;
  CertificateFile file;
  bool created = false;  // just now: worth a line in the log
};

Result<SelfSigned> ensure_self_signed(const std::string& directory, const std::vector<std::string>& names,
                                      const runtime::Clock& clock, runtime::Random& random);

}  // namespace gatehouse::tls
