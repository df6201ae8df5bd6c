// Answers to PING: however they are cut, the verdict is the same.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "gatehouse/health/redis.h"

using gatehouse::Secret;
using gatehouse::health::Outcome;
using gatehouse::health::RedisPing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const Secret password = data[0] % 2 == 0 ? Secret() : Secret("password");
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::optional<Outcome> whole = RedisPing("", password).feed(bytes);
  RedisPing ping("", password);
  std::optional<Outcome> cut;
  for (std::size_t at = 0; at < bytes.size() && !cut; ++at) cut = ping.feed(bytes.substr(at, 1));
  if (whole.has_value() != cut.has_value() || (whole && whole->verdict != cut->verdict)) std::abort();
  if (whole && whole->verdict == Outcome::Verdict::kPassed && bytes.find("PONG\r\n") == bytes.npos) std::abort();
  return 0;
}
