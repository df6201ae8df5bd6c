#include "gatehouse/runtime/random.h"

#include <sys/random.h>

#include <array>
#include <vector>

#include "gatehouse/base/check.h"

namespace gatehouse::runtime {

namespace {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    while (!out.empty()) {
      const ssize_t got = ::getrandom(out.data(), out.size(), 0);
      GATEHOUSE_CHECK(got > 0);  // cannot fail once the kernel's pool is seeded; without randomness nothing is safe
      out = out.subspan(static_cast<std::size_t>(got));
    }
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::string random_hex(Random& random, std::size_t bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::vector<std::uint8_t> raw(bytes);
  random.fill(raw);
  std::string text;
  text.reserve(bytes * 2);
  for (const std::uint8_t byte : raw) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string random_base64url(Random& random, std::size_t bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::vector<std::uint8_t> raw(bytes);
  random.fill(raw);
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : raw) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 6; count -= 6) text += kDigits[(bits >> (count - 6)) & 63];
  }
  if (count > 0) text += kDigits[(bits << (6 - count)) & 63];
  return text;
}

}  // namespace gatehouse::runtime
