// Tokens as they come from the network, and claims as if they had been signed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gatehouse/base/encoding.h"
#include "jwt.h"

using namespace gatehouse::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Hs256Key key("fuzz");
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Nobody signs here: the only accepted token would be one whose signature was guessed.
  if (const auto payload = key.open(text); payload && key.sign(*payload).size() < text.size()) std::abort();
  if (const auto claims = parse_claims(text)) {
    const auto again = parse_claims(to_json(*claims));
    if (!again || again->subject != claims->subject || again->expires != claims->expires) std::abort();
    (void)check_claims(*claims, "gatehouse", gatehouse::runtime::WallTime::max());
    (void)check_claims(*claims, "gatehouse", gatehouse::runtime::WallTime::min());
  }
  if (const auto bytes = gatehouse::decode_base64url(text)) {
    if (gatehouse::encode_base64url(*bytes) != text) std::abort();
  }
  return 0;
}
