// What an authority wants to find where (RFC 8555 section 8, RFC 8737, draft-ietf-acme-dns-persist), and who puts it there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/pki/names.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::acme {

struct Challenge {
  std::string type;               // "http-01"
  pki::Name name;                 // "*.a.test" stays a wildcard here
  std::string token;
  std::string key_authorization;  // what http-01 serves
  bool operator==(const Challenge&) const = default;
};

std::string key_authorization(std::string_view token, std::string_view thumbprint);
std::string dns_record_name(const pki::Name& name);                      // "_acme-challenge.a.test"
std::string dns_record_value(std::string_view authorization);            // base64url of its SHA-256
std::string alpn_server_name(const pki::Name& name);                     // what the authority sends as SNI
inline constexpr std::string_view kHttpPath = "/.well-known/acme-challenge/";

// The record that lets an authority issue for a domain from then on (dns-persist-01): name and text of a TXT record that a
// person publishes once.
struct PersistentRecord {
  std::string name, text;
};
PersistentRecord persistent_record(const pki::Name& name, std::string_view issuer_domain, std::string_view account_url,
                                   std::optional<runtime::WallTime> until);

// One way to meet challenges. Both calls may be repeated for the same challenge; clean_up() may come without present(), from a
// process that was started again. Thread: the loop's. Stop: the frames are destroyed.
class ChallengeSolver {
 public:
  virtual ~ChallengeSolver() = default;
  virtual std::string_view type() const noexcept = 0;
  virtual runtime::Task<Status> present(Challenge challenge) = 0;  // until the authority can see it
  virtual runtime::Task<Status> clean_up(Challenge challenge) = 0;
};

}  // namespace gatehouse::acme
