// The hops that X-Forwarded-For or Forwarded (RFC 7239) tells of. Private to the room.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

struct Hop {
  std::string_view node;         // as told, without quotes; empty: nothing was told
  std::string_view proto, host;  // Forwarded alone
};

// The last ones of a list that may be longer.
class Hops {
 public:
  void add(const Hop& hop) noexcept { hops_[count_++ % kMost] = hop; }
  std::size_t size() const noexcept { return std::min(count_, kMost); }
  const Hop& from_right(std::size_t i) const noexcept { return hops_[(count_ - 1 - i) % kMost]; }

 private:
  static constexpr std::size_t kMost = 32;
  std::array<Hop, kMost> hops_;
  std::size_t count_ = 0;
};

Hops hops_of(const Fields& fields, FieldId id) noexcept;  // kXForwardedFor or kForwarded; empty members are none

// "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" → the address, or empty.
std::string_view address_of(std::string_view node) noexcept;

}  // namespace gatehouse::http
