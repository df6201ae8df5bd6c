// What was read from the files of certificates and of rules for clients, with the state of the files when they were read.
// Everything here reads files: before the loops run, or on the offload pool.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "file_stamp.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/client_auth.h"

namespace gatehouse::app {

struct CertificateSource {
  tls::CertificateFile file;
  std::string_view kind;  // "file", "self_signed"
  FileStamp chain, key;   // of what was read, or refused
  std::shared_ptr<const tls::Certificate> certificate;
  std::string refusal;    // why what the files hold now is not served; empty: it is
};

struct ClientRule {
  tls::ClientAuthSettings settings;
  FileStamp ca, crl;
  std::shared_ptr<const tls::ClientAuth> auth;
};

struct CertificateSet {
  std::uint64_t id = 0;
  std::uint64_t refreshed_from = 0;               // id of that set; 0: loaded
  std::vector<edge::ListenerSettings> listeners;  // those that speak TLS
  tls::CertificateSettings settings;
  std::vector<CertificateSource> sources;
  std::vector<ClientRule> rules;
  edge::TlsContexts contexts;

  const std::shared_ptr<const tls::ClientAuth>& auth_for(const tls::ClientAuthSettings& rule) const;
};

struct CertificateReader {
  const std::string directory;  // of the self-signed certificate
  runtime::Clock& clock;
  runtime::Random& random;

  Status read(CertificateSet& set) const;      // sources and rules, of the set's settings
  bool read_changed(CertificateSet& set) const;  // false: no file has changed. Logs what came in and what was refused
};

}  // namespace gatehouse::app
