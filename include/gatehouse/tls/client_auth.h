// ClientAuth: what a listener wants to know of its clients' certificates (mutual TLS, RFC 8446 4.3.2), for one name or for all.
//
//   off       nobody is asked
//   optional  a client may show a certificate; one that does not verify ends the handshake all the same
//   require   no handshake without one
//
// A certificate verifies when its chain ends in the bundle (an authority below the root may stand there and is trusted alone),
// it may be used by clients, and, with a list of revocations, every certificate of the chain below the trusted one is covered
// by a list that is in force and does not name it.
//
// id() is made of everything that decides: sessions resume only under the same id, and a request for a name with another id than
// the connection's is misdirected (421, RFC 9110 15.5.20). A new bundle or list is a new id.
//
// Errors: "client-ca-unreadable", "client-crl-unreadable" (path and errno, or not PEM, or empty). Building reads files: at start,
// or offloaded. Owner: contexts. Thread: any; const.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/tls/settings.h"

namespace gatehouse::tls {

class ClientAuth {
 public:
  struct Native;  // OpenSSL's objects; src/tls/native.h
  using Id = std::array<std::uint8_t, 32>;

  // Null when the mode is off.
  static Result<std::shared_ptr<const ClientAuth>> load(const ClientAuthSettings& settings);
  explicit ClientAuth(std::unique_ptr<Native> native);
  ClientAuth(const ClientAuth&) = delete;
  ClientAuth& operator=(const ClientAuth&) = delete;
  ~ClientAuth();

  const Id& id() const noexcept;
  const Native& native() const noexcept { return *native_; }

 private:
  std::unique_ptr<Native> native_;
};

}  // namespace gatehouse::tls
