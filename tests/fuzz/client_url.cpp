// URLs of the outbound client: what is accepted cannot break out of a request line or a Host field.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = gatehouse::client::parse_url({reinterpret_cast<const char*>(data), size});
  if (!url.ok()) return 0;
  for (const char c : url->target + url->authority + url->host + url->port) {
    if (c <= 0x20 || c == 0x7f) std::abort();
  }
  if (url->target[0] != '/' || url->host.empty() || url->port.empty()) std::abort();
  return 0;
}
