// What an order's slot holds.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gatehouse/acme/challenge.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/pki/names.h"

namespace gatehouse::acme {

struct OrderState {
  std::string directory;            // which authority
  pki::Names names;
  std::string profile;
  std::string url;                  // empty: there is no order
  std::optional<pki::Key> key;      // of the certificate
  std::vector<Challenge> presented;
  std::map<std::string, std::set<std::string>> failed_types;  // kinds of challenges that have failed, by name
  int runs = 0;                     // calls that worked on this order

  Secret text() const;
  static Result<OrderState> parse(const Secret& text);
  void forget_order() {
    url.clear();
    key.reset();
    runs = 0;
  }
};

}  // namespace gatehouse::acme
