// Random bytes of a test's choosing: all of one value, or a deterministic stream.
#pragma once

#include "gatehouse/runtime/random.h"

namespace gatehouse::fakes {

class ConstantRandom final : public runtime::Random {
 public:
  explicit ConstantRandom(std::uint8_t byte) noexcept : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& value : out) value = byte_;
  }

 private:
  std::uint8_t byte_;
};

class SeededRandom final : public runtime::Random {  // splitmix64
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& value : out) value = static_cast<std::uint8_t>(next() >> 32);
  }

 private:
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

}  // namespace gatehouse::fakes
