// Random: the only source of random numbers. Tests pass a seeded one. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gatehouse::runtime {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;  // cryptographically strong in the system's implementation
};

Random& system_random();

std::string random_hex(Random& random, std::size_t bytes);
std::string random_base64url(Random& random, std::size_t bytes);

}  // namespace gatehouse::runtime
