// Seal: keeps secret values unreadable in the database (AES-256-GCM, a key derived from settings.secret_key, a random
// nonce per value). `context` (for example "instance:ID") is authenticated: a sealed value moved to another row does
// not open. Thread: any. Does not block.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/access/verifier.h"
#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::access {

class Seal {
 public:
  Seal(std::shared_ptr<const ServerKeys> keys, runtime::Random& random) : keys_(std::move(keys)), random_(random) {}

  std::string seal(const Secret& value, std::string_view context) const;
  // Slug "unseal-failed": written under another secret key, moved, or damaged.
  Result<Secret> open(std::string_view sealed, std::string_view context) const;

 private:
  std::shared_ptr<const ServerKeys> keys_;
  runtime::Random& random_;
};

}  // namespace gatehouse::access
