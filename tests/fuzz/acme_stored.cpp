// What is read back from the vault: the state of an order and of a renewal. The first byte chooses.
#include <cstdint>
#include <string>

#include "gatehouse/acme/renewal.h"
#include "gatehouse/base/check.h"
#include "order_state.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'o') {
    const auto state = acme::OrderState::parse(Secret(text));
    if (state) GATEHOUSE_CHECK(acme::OrderState::parse(state->text()).ok());
  } else if (const auto state = acme::parse_renewal_state(text)) {
    const auto again = acme::parse_renewal_state(acme::to_json(*state));
    // Years that cannot be written are clamped.
    if (again) GATEHOUSE_CHECK(acme::to_json(*again) == acme::to_json(*state));
  }
  return 0;
}
