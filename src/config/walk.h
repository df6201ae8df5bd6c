// Walks the tree along the key table: unknown and missing keys, types, defaults; fills the draft and the provenance.
#pragma once

#include "context.h"

namespace gatehouse::config {

void walk(Context& context, Draft& draft, Provenance& provenance);

}  // namespace gatehouse::config
