// Context: everything that the TLS server side of a listener needs, immutable. A reload builds a new one; connections of
// the old one live on.
//
// Policies are Mozilla's guideline 5.8/6.0 (data.tlsref.org): `intermediate` is TLS 1.2 and 1.3 with ECDHE and AEAD
// suites only, the client's order; `modern` is TLS 1.3 only. Groups: X25519MLKEM768 where OpenSSL knows it (3.5), X25519,
// P-256, P-384. No compression, no renegotiation, no 0-RTT.
//
// The certificate is chosen by SNI: exact name, then a wildcard of one label, then the first certificate. Several
// certificates for one name: one per key type (the client's algorithms decide), the latest of each, whatever their order.
// ALPN without overlap is refused with no_application_protocol (RFC 7301 3.2); a client without ALPN is served.
//
// What a stranger may cost: a ClientHello is below 16 KiB, and a peer may change its keys (RFC 8446 4.6.3) 16 times, and once
// more for each 64 KiB that it sends.
//
// Clients are asked for certificates by the rules of the name in SNI, with the same order of names: its own rule, that of a
// wildcard, the rule for all. A name with a rule of its own inherits nothing from the others.
//
// Sessions resume by ticket only, and only with the same policy, the same certificate and the same rule for clients: all are
// part of the session-id context, so that a ticket got under one name does not open another. A client whose certificate has
// expired since begins anew.
//
// Errors: "tls-context", "no-certificate". Owner: a snapshot. Thread: any; const.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/tls/certificate.h"
#include "gatehouse/tls/challenges.h"
#include "gatehouse/tls/client_auth.h"
#include "gatehouse/tls/settings.h"
#include "gatehouse/tls/ticket_keys.h"

struct ssl_ctx_st;

namespace gatehouse::tls {

struct ContextSettings {
  Policy policy = Policy::kIntermediate;
  std::vector<std::shared_ptr<const Certificate>> certificates{}; // the first is the default; at least one
  std::vector<std::string> protocols{"http/1.1"};                // ALPN, best first
  std::shared_ptr<TicketKeys> ticket_keys{};                      // null: no resumption
  bool reject_unknown_names = false;   // unrecognized_name instead of the default certificate, also for those who name nobody
  std::shared_ptr<const ClientAuth> client_auth{};               // for every name without one of its own; null: off
  std::shared_ptr<const Challenges> challenges{};                // null: none are met
  std::function<void(const std::string&)> missing{};  // told of a name that no certificate has; on the handshake's loop, quick
  std::map<std::string, std::shared_ptr<const ClientAuth>> client_auth_of{};  // "a.b", "*.b"; null: off
};

class Context {
 public:
  static Result<std::shared_ptr<const Context>> build(ContextSettings settings);
  explicit Context(ssl_ctx_st* native) noexcept : native_(native) {}  // takes ownership
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  ssl_ctx_st* native() const noexcept { return native_; }
  bool post_quantum() const noexcept;  // X25519MLKEM768 is offered

  // The rule for clients that holds for a host (without port, as in Host); null: nobody is asked.
  const ClientAuth* client_auth(std::string_view host) const;
  bool asks_clients() const noexcept;  // there is any such rule

 private:
  ssl_ctx_st* native_;
};

}  // namespace gatehouse::tls
