#include "gatehouse/base/secret.h"

#include <string.h>

namespace gatehouse {

void Secret::wipe() noexcept {
  if (!text_.empty()) ::explicit_bzero(text_.data(), text_.size());
}

}  // namespace gatehouse
