// What the account's slot holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gatehouse/acme/session.h"

namespace gatehouse::acme {

struct Session::Record {
  std::string directory;
  std::string url;  // empty: the authority has not answered yet
  pki::Key key;
  std::optional<pki::Key> next_key;  // of a change under way
  std::vector<std::string> contacts;

  Secret text() const;
  static Result<Record> parse(const Secret& text);
};

}  // namespace gatehouse::acme
