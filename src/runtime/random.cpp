#include "gatehouse/runtime/random.h"

#include <sys/random.h>

#include <vector>

#include "gatehouse/base/check.h"
#include "gatehouse/base/encoding.h"

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
  std::vector<std::uint8_t> raw(bytes);
  random.fill(raw);
  return encode_hex(raw);
}

std::string random_base64url(Random& random, std::size_t bytes) {
  std::vector<std::uint8_t> raw(bytes);
  random.fill(raw);
  return encode_base64url(raw);
}

}  // namespace gatehouse::runtime
