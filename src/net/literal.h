// IP literals as 16 bytes, strictly: what inet_pton takes and nothing else ("127.1" and "0x7f.0.0.1" are not addresses).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/net/address.h"

namespace gatehouse::net {

struct Literal {
  std::array<std::uint8_t, 16> bytes{};  // IPv4 as ::ffff:a.b.c.d
  bool v4 = false;                       // was written as IPv4
};

std::optional<Literal> parse_literal(std::string_view text);
std::string print_literal(const std::array<std::uint8_t, 16>& bytes, bool mapped_as_v4);
bool is_mapped(const std::uint8_t* bytes) noexcept;
std::optional<Literal> literal_of(const Endpoint& endpoint) noexcept;  // nullopt for a Unix socket

inline constexpr std::size_t kMappedPrefix = 12;

}  // namespace gatehouse::net
