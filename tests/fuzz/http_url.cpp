// URLs: what is accepted cannot break out of a request line or a Host field, and an origin is a URL without a path.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/http/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = gatehouse::http::parse_url(text);
  const auto origin = gatehouse::http::parse_origin(text);
  if (origin && (origin->host.empty() || text.find('@') != text.npos)) std::abort();
  if (!url.ok()) return 0;
  for (const char c : url->target + url->authority + url->address.host) {
    if (c <= 0x20 || c == 0x7f) std::abort();
  }
  if (url->target[0] != '/' || url->address.host.empty() || url->address.port == 0 || url->address.is_unix) std::abort();
  if (url->target == "/" && text.ends_with(url->authority) && !origin) std::abort();
  return 0;
}
