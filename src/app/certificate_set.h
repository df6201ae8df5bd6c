// What was read from the files of certificates and of rules for clients, with the state of the files when they were read.
// Everything here reads files: before the loops run, or on the offload pool.
//
// A certificate that every client would refuse (it has expired, or has no names) is never served, and one that an authority is to
// issue may not be there yet. A self-signed one stands in for those of its names that no other certificate has; it is kept in memory
// only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "file_stamp.h"
#include "gatehouse/edge/server.h"
#include "issued.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/client_auth.h"

namespace gatehouse::app {

struct CertificateSource {
  tls::CertificateFile file;
  std::string_view kind;  // "file", "acme", "self_signed"
  std::vector<std::string> names{};                     // acme: those that are configured
  FileStamp chain, key;   // of what was read, or refused
  std::shared_ptr<const tls::Certificate> certificate;  // served; null: other certificates have all its names
  bool stands_in = false;                               // `certificate` is self-signed, instead of what is configured
  std::shared_ptr<const tls::Certificate> unfit{};      // instead of this one; null: there is none yet
  std::string refusal;    // why what the files hold now is not served; empty: it is

  bool fit() const noexcept { return certificate != nullptr && !stands_in; }
};

struct ClientRule {
  tls::ClientAuthSettings settings;
  FileStamp ca, crl;
  std::shared_ptr<const tls::ClientAuth> auth;
};

struct CertificateSet {
  static constexpr std::chrono::seconds kBeforeEnd{5};  // not served any more, so that nobody ever gets an expired one

  std::uint64_t id = 0;
  std::uint64_t refreshed_from = 0;               // id of that set; 0: loaded
  std::vector<edge::ListenerSettings> listeners;  // those that speak TLS
  tls::CertificateSettings settings;
  std::vector<std::vector<std::string>> acme_names;
  std::vector<CertificateSource> sources;
  std::vector<ClientRule> rules;
  edge::TlsContexts contexts;

  const std::shared_ptr<const tls::ClientAuth>& auth_for(const tls::ClientAuthSettings& rule) const;
};

struct CertificateReader {
  const std::string directory;  // of the self-signed certificate
  runtime::Clock& clock;
  runtime::Random& random;
  Issued& issued;

  // Sources and rules, of the set's settings. `before`, when there is one, is what is served now: a good certificate of a file that
  // has become unfit stays.
  Status read(CertificateSet& set, const CertificateSet* before) const;
  bool add_extra(CertificateSet& set) const;
  bool read_changed(CertificateSet& set) const;  // false: no file has changed. Logs what came in and what was refused
};

}  // namespace gatehouse::app
