#include "gatehouse/http/forward.h"
#include "hops.h"

namespace gatehouse::http {

std::string_view client_address(const RequestHead& head, std::string_view peer, const AddressTest& test) {
  if (!test.trusted(peer)) return peer;
  const bool plain = head.fields.find(FieldId::kXForwardedFor) != nullptr;
  const Hops hops = hops_of(head.fields, plain ? FieldId::kXForwardedFor : FieldId::kForwarded);
  std::string_view client = peer;
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const std::string_view address = address_of(hops.from_right(i).node);
    if (address.empty()) break;
    client = address;
    if (!test.trusted(address)) break;
  }
  return client;
}

}  // namespace gatehouse::http
