// Addresses and networks: what is taken prints as something that is taken again and means the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gatehouse/net/address.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_address(std::string_view text) {
  const auto address = gatehouse::net::parse_address(text);
  if (!address) return require(address.error().slug == "bad-address");
  const auto again = gatehouse::net::parse_address(address->to_string());
  require(again && *again == *address);
  const auto endpoint = gatehouse::net::to_endpoint(*address);
  if (!endpoint) return require(endpoint.error().slug == "needs-lookup");
  require(endpoint->port() == address->port);
  require(!endpoint->to_string().empty());
}

void check_cidr(std::string_view text) {
  const auto cidr = gatehouse::net::parse_cidr(text);
  if (!cidr) return require(cidr.error().slug == "bad-cidr");
  require(cidr->prefix >= 0 && cidr->prefix <= 128);
  const std::string_view network = text.substr(0, text.find('/'));
  const bool mapped_in_wider = cidr->prefix < 96 && network.find('.') != std::string_view::npos;
  require(cidr->contains(network) || mapped_in_wider);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_address(text);
  check_cidr(text);
  return 0;
}
