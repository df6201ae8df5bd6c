// Certificates by ACME as the configuration has them; filled and checked by the loader, made into an Issuer by `app`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gatehouse/base/secret.h"

namespace gatehouse::issuer {

struct DnsSettings {
  std::vector<std::string> exec{};       // dns-01 by a program: gatehouse/issuer/solvers.h
  std::string server{};                  // dns-01 by updates (RFC 2136): "192.0.2.1:53"; empty: not so
  std::string zone{}, key_name{}, key_file{};
  Secret key{};                          // of key_file: bytes
  std::vector<std::string> resolvers{};  // to see whether a record is there; empty: the servers of resolv.conf for dns-persist-01,
                                         // else nothing but the server that was updated is asked
};

struct AuthorityChoice {
  std::string directory{};                             // URL; empty: Let's Encrypt
  std::string staging_directory{};                     // for rehearsals; empty: none, or Let's Encrypt's
  std::string ca_bundle{};                             // trust in the directory's own certificate; empty: the system's
  std::string profile{}, preferred_chain{};
  std::string eab_kid{}, eab_hmac_file{};
  Secret eab_hmac{};                                   // base64url, as an authority gives it
};

struct OnDemandSettings {                              // names that clients ask for
  std::vector<std::string> allow{};                    // "a.test", "*.b.test"; empty: off
  std::string ask{};                                   // URL that is asked, too; empty: nobody
  unsigned max_names = 0, per_hour = 0;
};

struct WatchSettings {                                 // certificates of other servers
  std::vector<std::string> hosts{};                    // "example.org:443"
  std::chrono::seconds interval{};
  std::string ca_bundle{};                             // empty: the system's
};

struct Settings {
  bool enabled = false;                                // there are names, or some on demand, and the mode wants them
  bool staging = false;                                // of Let's Encrypt, instead of its production
  AuthorityChoice own{};                               // the only one, when `authorities` is empty
  std::vector<AuthorityChoice> authorities{};          // best first
  std::string email{};
  std::vector<std::vector<std::string>> names{};       // one certificate each
  std::vector<std::string> challenges{};               // best first
  std::string key_type{};
  bool keep_key = false;
  DnsSettings dns{};
  OnDemandSettings on_demand{};

  std::vector<AuthorityChoice> in_order() const { return authorities.empty() ? std::vector{own} : authorities; }
};

}  // namespace gatehouse::issuer
