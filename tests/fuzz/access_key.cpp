// Header fields with credentials, and API keys.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gatehouse/access/verifier.h"
#include "key_text.h"

using namespace gatehouse::access;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto key = parse_key(text); key && key_text(key->id, key->secret) != text) std::abort();
  for (const auto& credential : {credential_from(text, ""), credential_from("", text)}) {
    if (!credential) continue;
    if (credential->empty() || credential->size() > kMaxCredentialBytes) std::abort();
    if (credential->find_first_of(std::string_view(" ,\r\n\0", 5)) != std::string_view::npos) std::abort();
  }
  return 0;
}
