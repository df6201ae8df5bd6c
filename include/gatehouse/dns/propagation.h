// Waiting until a TXT record can be seen at every server that is authoritative for it: an authority that looks too early counts a
// failure. Finds the zone and its servers by asking a resolver (SOA, NS, addresses), and follows CNAMEs, by which people delegate
// "_acme-challenge" to another zone.
//
// Errors: "dns-propagation" (not there in time; names the server), "dns-lookup" (no zone or no server was found). Thread: the
// loop's. Stop: destroy the frame.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/dns/client.h"
#include "gatehouse/net/address.h"

namespace gatehouse::dns {

struct Propagation {
  std::vector<net::Endpoint> resolvers{};      // to find the servers
  std::vector<net::Endpoint> servers{};        // these instead; nothing is looked up
  std::chrono::milliseconds deadline{120'000};
  std::chrono::milliseconds interval{2'000};
};

runtime::Task<Status> await_text(Client& client, Propagation settings, std::string name, std::string text);

// The same for a record that only a rule knows.
using TextRule = std::function<bool(std::string_view text)>;
runtime::Task<Status> await_text_like(Client& client, Propagation settings, std::string name, TextRule rule);

// Where a record really is, behind CNAMEs.
struct Place {
  std::string name, zone;
};
runtime::Task<Result<Place>> find_place(Client& client, std::vector<net::Endpoint> resolvers, std::string name);

// The nameservers of resolv.conf(5), three at most; 127.0.0.1 when there is none.
std::vector<net::Endpoint> parse_resolv_conf(std::string_view text);

}  // namespace gatehouse::dns
