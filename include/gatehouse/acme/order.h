// obtain(): from names to a checked certificate (RFC 8555 section 7.4; RFC 9773 section 5 for `replaces`).
//
//   auto issued = co_await acme::obtain(session, environment, order_slot, {.names = names, .solvers = {&http, &dns}});
//   if (issued) { …store issued->chain and issued->key, then remove the order… }
//   else        { …wait as issued.failure().kind says, call again: the same order goes on… }
//
// After every step the slot holds what another process needs to go on: the order's URL, the certificate's key, and the
// challenges that were put up and not yet taken down. Where the order stands is the authority's to say. A transient failure and
// a rate limit leave the order open for the next call; any other ends it, and pending authorizations are given back.
//
// Challenges are all presented before the first is answered, and taken down whatever happens. When one fails and the authority
// offers another kind that is set up, a new order tries that: three orders at most in one call.
//
// Thread: the loop's. Stop: destroy the frame at any wait; what is still presented is taken down by the next call.
#pragma once

#include <string>
#include <vector>

#include "gatehouse/acme/challenge.h"
#include "gatehouse/acme/environment.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/acme/session.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/pki/names.h"

namespace gatehouse::acme {

struct OrderLimits {
  std::chrono::milliseconds overall{5 * 60 * 1000};
  std::chrono::milliseconds first_poll{250};  // doubles up to last_poll; Retry-After goes first
  std::chrono::milliseconds last_poll{5000};
};

struct Plan {
  pki::Names names;
  std::vector<ChallengeSolver*> solvers;     // best first; they outlive the call
  pki::KeyType key_type = pki::KeyType::kEcdsaP256;
  std::optional<pki::Key> key{};             // instead of a fresh one
  std::string profile{};                     // empty: the authority's default
  std::string preferred_chain{};             // common name of the topmost issuer; empty: the authority's default
  std::string replaces{};                    // renewal id of the certificate that this one replaces
  OrderLimits limits{};
};

struct Issued {
  std::string chain;  // PEM, checked against key and names
  pki::Key key;
  bool preferred = true;  // false: no chain of the preferred issuer was offered
};

runtime::Task<Outcome<Issued>> obtain(Session& session, Environment& environment, Slot& order_slot, Plan plan);

}  // namespace gatehouse::acme
