// What the protocol needs from outside. The coroutines of this room do nothing but await these, so that they run in tests
// without a network, a clock or a disk, and every step can be made to fail.
//
// Implemented by the room `issuer`. Thread: the loop's. Stop: destroying a coroutine of this room at any wait is allowed; what
// was saved before is enough to go on in another process.
#pragma once

#include <optional>

#include "gatehouse/acme/exchange.h"
#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::acme {

class Environment {
 public:
  virtual ~Environment() = default;
  // Sends with a User-Agent (RFC 8555 section 6.1) over verified TLS, within 30 s. Any status is an answer.
  virtual runtime::Task<Result<Answer>> send(Request request) = 0;
  virtual runtime::Task<void> wait(runtime::Duration duration) = 0;
  virtual runtime::Task<Result<pki::Key>> make_key(pki::KeyType type) = 0;
  virtual const runtime::Clock& clock() const noexcept = 0;
};

// One text that survives the process, with private keys in it. save() replaces it whole or not at all.
class Slot {
 public:
  virtual ~Slot() = default;
  virtual runtime::Task<Result<std::optional<Secret>>> load() = 0;
  virtual runtime::Task<Status> save(Secret text) = 0;
};

}  // namespace gatehouse::acme
