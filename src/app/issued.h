// Issued: the certificates that authorities have issued. They are published as they come; what was issued before this start is read
// from the vault, so that it is served from the first handshake on.
//
// Owner: Certificates. Thread: any; find() reads the vault when nothing was published under a name yet.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gatehouse/acme/vault.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::app {

class Issued {
 public:
  void use(acme::Vault& vault) noexcept { vault_ = &vault; }  // once, before the rest

  // False: it is published already.
  bool publish(const std::string& name, std::shared_ptr<const tls::Certificate> certificate);

  // Names that are in no configuration, each of one certificate: what was issued for them is taken into what is served.
  void begin_extra(std::vector<std::string> names);  // instead of those before
  void add_extra(std::string name);
  std::vector<std::string> extra() const;

  // For exactly these names, the first of which is its name in the vault; it may have ended. Null: there is none.
  std::shared_ptr<const tls::Certificate> find(const std::vector<std::string>& names);

 private:
  std::shared_ptr<const tls::Certificate> read(const std::string& name) const;

  acme::Vault* vault_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<std::string> extra_;
  std::map<std::string, std::shared_ptr<const tls::Certificate>, std::less<>> published_;
};

}  // namespace gatehouse::app
