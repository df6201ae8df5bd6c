// Answers to a StartupMessage or an SSLRequest: however they are cut, the verdict is the same.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "gatehouse/health/postgres.h"

using gatehouse::health::Outcome;
using gatehouse::health::PostgresHello;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] % 4 == 0) {  // TLS: the answer is one byte, what follows it in the clear is refused
    PostgresHello hello("u", "d", true);
    const auto outcome = hello.feed(bytes);
    if (hello.wants_tls() != (bytes == "S") || (outcome && outcome->verdict == Outcome::Verdict::kPassed)) std::abort();
    return 0;
  }
  const std::optional<Outcome> whole = PostgresHello("u", "d", false).feed(bytes);
  PostgresHello hello("u", "d", false);
  std::optional<Outcome> cut;
  for (std::size_t at = 0; at < bytes.size() && !cut; ++at) cut = hello.feed(bytes.substr(at, 1));
  if (whole.has_value() != cut.has_value() || (whole && whole->verdict != cut->verdict)) std::abort();
  return 0;
}
