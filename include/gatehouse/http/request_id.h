// Request ids (26 characters, ULID layout: 48 bit milliseconds, 80 bit unique; Crockford base 32) and W3C trace context.
// One IdSource per loop, seeded once from runtime::Random; making an id costs no system call and no allocation. The ids
// are unique, not secret.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::http {

inline constexpr std::size_t kRequestIdSize = 26;
inline constexpr std::size_t kTraceparentSize = 55;

// An inbound X-Request-Id that may be kept: [A-Za-z0-9._-]{1,128}.
bool valid_request_id(std::string_view text) noexcept;

// "00-<32 hex>-<16 hex>-<2 hex>" (W3C Trace Context level 1, version 00 alone, lower case, no id all zero).
struct Traceparent {
  std::string_view trace_id;   // 32 characters, a view into what was parsed
  std::string_view parent_id;  // 16 characters
  std::uint8_t flags = 0;      // bit 0: sampled
};
bool parse_traceparent(std::string_view text, Traceparent& out) noexcept;

class IdSource {
 public:
  explicit IdSource(std::span<const std::uint8_t, 32> seed) noexcept;

  void request_id(runtime::WallTime time, std::span<char, kRequestIdSize> out) noexcept;

  // The value to send on: same trace and flags, new parent id. Without a parent a new trace, not sampled.
  // trace_id of the result: characters 3 … 34.
  void traceparent(const Traceparent* parent, std::span<char, kTraceparentSize> out) noexcept;

  std::uint64_t next() noexcept;  // never the same twice, never zero

 private:
  std::uint64_t key_[4];
  std::uint64_t counter_ = 0;
};

}  // namespace gatehouse::http
