// ClientContext: everything that the client side of TLS needs, immutable and shared by connections. Made for the daemon's own
// requests; see gatehouse/client/fetch.h.
//
// The peer's chain and name are verified, against the system's certificates or a bundle of one's own; an authority below the
// root, or a leaf, may stand in the bundle and is then trusted alone. Only subjectAltName counts, never the common name
// (RFC 9525). The same versions, suites and groups as on the server side (gatehouse/tls/context.h), nothing older than TLS 1.2;
// no resumption.
//
// Errors: "ca-unreadable" (path and reason), "tls-context". Building reads files: at start, or offloaded. Owner: whoever makes
// requests. Thread: any; const.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/tls/certificate.h"
#include "gatehouse/tls/settings.h"

struct ssl_ctx_st;

namespace gatehouse::tls {

struct ClientSettings {
  Policy policy = Policy::kIntermediate;
  bool insecure = false;                             // verify nothing: anybody can be the peer
  std::string ca_file{};                             // PEM bundle; with ca_pem: both. Neither: the system's
  std::string ca_pem{};
  std::shared_ptr<const Certificate> certificate{};  // shown to a server that asks for one; see Role::kClient
  std::vector<std::string> protocols{"http/1.1"};    // ALPN, best first
};

class ClientContext {
 public:
  static Result<std::shared_ptr<const ClientContext>> build(ClientSettings settings);
  explicit ClientContext(ssl_ctx_st* native) noexcept : native_(native) {}  // takes ownership
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;
  ~ClientContext();

  ssl_ctx_st* native() const noexcept { return native_; }
  bool verifies() const noexcept;

 private:
  ssl_ctx_st* native_;
};

}  // namespace gatehouse::tls
