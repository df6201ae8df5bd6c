// The edge's question to the access room: who sends this request? Asked on the request path, for routes that want to
// know; answered from memory. Implemented by app over access::Verifier.
// Thread: one for each loop, replaced as a whole by Server::set_authenticators().
#pragma once

#include <string>

#include "gatehouse/http/exchange.h"

namespace gatehouse::edge {

struct AuthOutcome {
  enum class Kind { kAnonymous, kKnown, kInvalid, kMalformed };
  Kind kind = Kind::kAnonymous;
  http::Principal principal;  // kKnown
  std::string reason;         // kInvalid, kMalformed: for the client, without any part of the credential
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  virtual AuthOutcome authenticate(const http::RequestHead& request) const = 0;
};

}  // namespace gatehouse::edge
