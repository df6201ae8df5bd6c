// The tables of the schema, as copy() moves them: in the order of their references, the key first. A test compares them with
// the schema of both databases.
#pragma once

#include <span>

namespace gatehouse::state {

struct Table {
  const char* name;
  const char* columns;  // "key, other, …"
  bool numbered;        // its key is a number that the database gives
  int bytes = -1;       // index of the column that holds bytes, not text
};

std::span<const Table> tables();

}  // namespace gatehouse::state
