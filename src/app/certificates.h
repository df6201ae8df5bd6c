// Certificates: what TLS listeners serve, and by which rules they judge clients: those of files and of authorities side by side, and
// a self-signed one when neither are configured. What is configured in which mode is decided by the loader
// (src/config/rules_acme.cpp); who gets certificates from authorities is Issuing.
//
// A set is made as a whole, at start and on reload, and counts once it was adopted. refresh() looks whether files have changed
// since: what is new and good comes in, what is new and broken is logged once, and the old stays until it ends. A certificate that
// has expired or has no names stops nobody: a self-signed one stands in for it (certificate_set.h).
//
// Errors: those of tls::Certificate, tls::ClientAuth, tls::Context and tls::ensure_self_signed. Owner: Daemon. Thread: load() and
// refresh() read files: before the loops run, or on the offload pool; the rest may be called from any.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "certificate_set.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/tls/ticket_keys.h"

namespace gatehouse::app {

class Certificates {
 public:
  using SetPtr = std::shared_ptr<const CertificateSet>;

  Certificates(std::string state_directory, std::shared_ptr<tls::TicketKeys> ticket_keys, runtime::Clock& clock,
               runtime::Random& random);

  // Live challenges of certificate authorities; any thread.
  const std::shared_ptr<tls::Challenges>& tls_challenges() const noexcept { return tls_challenges_; }
  RareTable<std::string>& http_challenges() noexcept { return http_challenges_; }

  // Where authorities' certificates are published and looked up; refresh() takes them in.
  Issued& issued() noexcept { return issued_; }

  // Told of names that clients ask for and no certificate has: on a loop, quick. Once, before load().
  void on_missing(std::function<void(const std::string&)> told) { missing_ = std::move(told); }

  // `acme_names`: of each certificate that an authority issues, the first one being its name.
  Result<SetPtr> load(const edge::Settings& settings, std::vector<std::vector<std::string>> acme_names = {});
  SetPtr refresh();                  // null: nothing has changed
  bool adopt(SetPtr set);            // false: it was refreshed from a set that does not count any more
  bool ending() const;               // a certificate that is served ends: refresh() at once

  admin::CertificatesView view() const;
  void log_expiry();                 // those whose state has become worse since the last call

 private:
  SetPtr current() const;
  Status build_contexts(CertificateSet& set) const;

  Issued issued_;
  std::function<void(const std::string&)> missing_;
  const CertificateReader reader_;
  const std::shared_ptr<tls::TicketKeys> ticket_keys_;
  const std::shared_ptr<tls::Challenges> tls_challenges_ = std::make_shared<tls::Challenges>();
  RareTable<std::string> http_challenges_;
  std::atomic<std::uint64_t> next_id_{1};
  mutable std::mutex mutex_;  // of the rest
  SetPtr current_;
  std::map<std::string, std::string, std::less<>> told_;  // state by fingerprint
};

}  // namespace gatehouse::app
