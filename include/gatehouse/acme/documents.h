// The documents of RFC 8555 (section 7.1), RFC 9773 (renewal information) and draft-aaron-acme-profiles, read strictly: a name
// twice, a wrong type, a URL that is not https, a list longer than can be meant is an error. Unknown members are passed over.
//
// Error: "bad-document" (which document, and what is wrong with it). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/acme/exchange.h"
#include "gatehouse/base/result.h"
#include "gatehouse/pki/names.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::acme {

struct Directory {
  std::string new_nonce, new_account, new_order, revoke_cert, key_change;
  std::string renewal_info;      // empty: the authority has none
  std::string terms_of_service;  // empty: none to agree to
  bool external_account_required = false;
  std::vector<std::string> profiles;
};

struct Account {
  std::string status;  // valid, deactivated, revoked
  std::vector<std::string> contacts;
};

// What went wrong, in the authority's words, cut to what people read (RFC 7807; RFC 8555 section 6.7).
struct Subproblem {
  std::string type, detail;
  std::string identifier;  // "a.test"; empty when it names none
};
struct Problem {
  std::string type;       // short for the protocol's own: "rateLimited"; any other as it is
  std::string detail;
  std::string instance;   // where people can read or do something about it
  std::vector<Subproblem> subproblems;

  std::string text() const;  // one line: "rateLimited: too many certificates (a.test: …)"
};

// The type when the protocol knows it, else "other": a label with few values.
std::string_view known_type(std::string_view type) noexcept;

enum class OrderStatus : std::uint8_t { kPending, kReady, kProcessing, kValid, kInvalid };

struct Order {
  OrderStatus status = OrderStatus::kPending;
  pki::Names names;
  std::vector<std::string> authorizations;
  std::string finalize;
  std::string certificate;  // when it is valid
  std::string replaces;
  std::optional<runtime::WallTime> expires;
  std::optional<Problem> error;
};

enum class ChallengeStatus : std::uint8_t { kPending, kProcessing, kValid, kInvalid };

struct ChallengeDocument {
  std::string type;   // "http-01"
  std::string url;
  std::string token;  // base64url; empty for dns-persist-01
  ChallengeStatus status = ChallengeStatus::kPending;
  std::optional<Problem> error;
};

enum class AuthorizationStatus : std::uint8_t { kPending, kValid, kInvalid, kDeactivated, kExpired, kRevoked };

struct Authorization {
  pki::Name name;  // "*.a.test" when the authority says that it is a wildcard
  AuthorizationStatus status = AuthorizationStatus::kPending;
  std::vector<ChallengeDocument> challenges;  // of the kinds that we know
};

struct RenewalWindow {
  runtime::WallTime start, end;  // start < end
  std::string explanation;       // URL; empty: none
};

Result<Directory> parse_directory(std::string_view body);
Result<Account> parse_account(std::string_view body);
Result<Order> parse_order(std::string_view body);
Result<Authorization> parse_authorization(std::string_view body);
Result<ChallengeDocument> parse_challenge(std::string_view body);
Result<RenewalWindow> parse_renewal_window(std::string_view body);

// Whatever an authority answers beside 2xx: when it is no problem document, one is made of the status and the first words.
Problem problem_of(const Answer& answer);

}  // namespace gatehouse::acme
