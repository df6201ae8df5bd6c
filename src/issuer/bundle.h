// A certificate and its key as one text: the key first, then the chain.
#pragma once

#include <string>

#include "gatehouse/base/secret.h"
#include "gatehouse/pki/key.h"

namespace gatehouse::issuer {

struct Bundle {
  pki::Key key;
  std::string chain;

  Secret text() const;
  static Result<Bundle> parse(const Secret& text);
};

}  // namespace gatehouse::issuer
