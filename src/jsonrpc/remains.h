// What can still be told about a message that cannot be read as a whole, because it was too long or is no JSON: its id, when
// it stands before the broken place or at the very end, and whether it was an answer. Sans-IO.
#pragma once

#include <string_view>

#include "gatehouse/jsonrpc/envelope.h"

namespace gatehouse::jsonrpc {

struct Remains {
  Raw id;                   // a string or an integer; empty: not found
  bool has_method = false;
  bool has_outcome = false; // "result" or "error"

  // A server's own request may have the number of one of our calls; with an outcome it is no request.
  bool may_answer() const noexcept { return has_outcome || !has_method; }
};

// `head` is how the message begins, `tail` how it ends; they may overlap.
Remains remains_of(std::string_view head, std::string_view tail);

}  // namespace gatehouse::jsonrpc
