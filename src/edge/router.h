// Router: finds the route of a request. Order in the file does not matter: host before no host, exact before prefix,
// longer before shorter; then, among the routes of that place, one that names the method before one that takes any.
// Look-ups hash the host once and the path once per distinct prefix length.
// Immutable after construction; part of a snapshot, shared by all loops.
#pragma once

#include <map>
#include <memory>
#include <span>
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
};

class Router {
 public:
  void add(const Route* route);  // the route outlives the router
  void finish();                 // after the last add()

  // The routes of the most specific place that matches; none: 404. Views into the router.
  using Place = std::span<const Route* const>;
  Place find(std::string_view host, std::string_view path) const;
  // Which of them takes the method; null: none does, and 405 names what they take (RFC 9110 section 15.5.6).
  static const Route* choose(Place place, std::string_view method) noexcept;
  static std::string allowed(Place place);
  static constexpr std::string_view kAnyMethod = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";  // for Allow

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };
  using Paths = std::unordered_map<std::string, std::vector<const Route*>, Hash, std::equal_to<>>;
  struct Host {
    Paths exact;
    Paths prefixes;                          // keys end in '/'
    std::vector<std::size_t> prefix_lengths; // distinct, longest first
    Place find(std::string_view path) const;
  };
  using Hosts = std::unordered_map<std::string, Host, Hash, std::equal_to<>>;

  Hosts exact_hosts_;
  Hosts wildcard_hosts_;  // ".example.org"
  Host any_host_;
};

}  // namespace gatehouse::edge
