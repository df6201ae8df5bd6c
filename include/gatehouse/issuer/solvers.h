// The ways in which challenges are met: acme::ChallengeSolver for http-01, tls-alpn-01, dns-01 by a program and by DNS updates, and
// dns-persist-01.
//
// The program of dns-01 is called without a shell as
//
//   PROGRAM [ARGUMENT]... present|cleanup NAME VALUE        NAME: "_acme-challenge.a.test."
//
// with GATEHOUSE_ACTION, GATEHOUSE_RECORD_NAME, GATEHOUSE_RECORD_VALUE, GATEHOUSE_DOMAIN, GATEHOUSE_TOKEN and
// GATEHOUSE_KEY_AUTHORIZATION in its environment. It may be called several times with the same record, and several values of one
// name live at the same time (a.test and *.a.test).
//
// Errors: "challenge-program" (exit code and last line of its stderr, or its deadline), those of the room
// `dns`, "dns-persist" (no such record; the message has the text to publish). Owner: main. Thread: the loop's. Stop: destroy the
// frames; a program that runs is killed.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/acme/challenge.h"
#include "gatehouse/base/rare_table.h"
#include "gatehouse/dns/client.h"
#include "gatehouse/dns/propagation.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/challenges.h"

namespace gatehouse::issuer {

using Solver = std::unique_ptr<acme::ChallengeSolver>;

// The tables of live challenges, which the edge reads: key authorizations by token, certificates by SNI. They outlive the solvers.
using HttpTokens = RareTable<std::string>;
Solver http_solver(HttpTokens& tokens);
Solver alpn_solver(tls::Challenges& certificates, const runtime::Clock& clock, runtime::Random& random);

struct ProgramSettings {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment{};
  std::chrono::milliseconds deadline{120'000};
  std::optional<dns::Propagation> propagation{};  // nothing: the program itself waits until the record can be seen
};
Solver program_solver(runtime::Loop& loop, runtime::Random& random, ProgramSettings settings);

struct UpdateSettings {  // RFC 2136
  net::Endpoint server;
  dns::TsigKey key;
  std::string zone{};                             // empty: found by asking `server`
  std::uint32_t ttl = 60;
  std::chrono::milliseconds deadline{30'000};
  std::optional<dns::Propagation> propagation{};  // nothing: the updated server is asked
};
Solver update_solver(runtime::Loop& loop, runtime::Random& random, UpdateSettings settings);

// Publishes nothing: looks whether the record of the domain is there.
struct PersistSettings {
  dns::Propagation propagation;
  std::string issuer_domain;                   // "letsencrypt.org"
  std::function<std::string()> account_url{};  // known once there is an account
};
Solver persist_solver(runtime::Loop& loop, runtime::Random& random, PersistSettings settings);

}  // namespace gatehouse::issuer
