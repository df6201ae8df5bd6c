// Router: finds the route of a request. Order in the file does not matter: host before no host, exact before prefix,
// longer before shorter. Look-ups hash the host once and the path once per distinct prefix length.
// Immutable after construction; part of a snapshot, shared by all loops.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gatehouse/edge/settings.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/http/message.h"

namespace gatehouse::edge {

struct Route {
  RouteSettings settings;
  std::string name;                  // the route's path and hosts, for logs and metric labels
  int group = -1;                    // index into the snapshot's groups, or -1
  http::Handler* handler = nullptr;  // or null
  bool auth_required = false;
  std::uint64_t body_limit = 0;
  unsigned metrics = 0;              // index into the snapshot's metric ids

  bool allows(std::string_view method) const noexcept;
};

class Router {
 public:
  void add(const Route* route);  // the route outlives the router
  void finish();                 // after the last add()

  // Null: nothing matches. The method is the route's own question (405, not 404).
  const Route* find(std::string_view host, std::string_view path) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Paths = std::unordered_map<std::string, const Route*, Hash, std::equal_to<>>;
  struct Host {
    Paths exact;
    Paths prefixes;                          // keys end in '/'
    std::vector<std::size_t> prefix_lengths; // distinct, longest first
    const Route* find(std::string_view path) const;
  };
  using Hosts = std::unordered_map<std::string, Host, Hash, std::equal_to<>>;

  Hosts exact_hosts_;
  Hosts wildcard_hosts_;  // ".example.org"
  Host any_host_;
};

}  // namespace gatehouse::edge
