// Upstream groups as configured; filled by the loader.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "gatehouse/net/address.h"

namespace gatehouse::upstream {

struct ServerSettings {
  net::Address address;
  std::uint32_t weight = 1;
  bool backup = false;
};

enum class Balance { kRoundRobin };  // the other algorithms arrive with the edge issue; the loader refuses them by name

struct GroupSettings {
  std::string name;
  std::vector<ServerSettings> servers;
  Balance balance = Balance::kRoundRobin;
  std::chrono::milliseconds connect_timeout{3000};
  std::chrono::milliseconds idle_timeout{60000};   // of a pooled connection
  std::uint32_t max_idle = 64;                     // pooled connections per server and loop
  std::uint32_t max_connections = 1024;            // with a request on them, per server, all loops together; more is 503
  std::chrono::milliseconds max_lifetime{3600000};
};

}  // namespace gatehouse::upstream
