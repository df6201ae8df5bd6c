#include <algorithm>
#include <charconv>

#include "gatehouse/net/address.h"
#include "literal.h"

namespace gatehouse::net {

namespace {

constexpr int kV4Offset = 96;  // prefix length of ::ffff:0:0/96

Error bad_cidr(std::string_view text, std::string_view what, std::string help = "write 10.0.0.0/8 or 2001:db8::/32") {
  std::string shown(text.substr(0, 60));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return make_error("bad-cidr", "'" + shown + "' " + std::string(what), std::move(help));
}

bool parse_prefix(std::string_view text, int limit, int& prefix) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), prefix);
  return error == std::errc() && end == text.data() + text.size() && prefix >= 0 && prefix <= limit;
}

void clear_host_bits(std::array<std::uint8_t, 16>& bytes, int prefix) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(prefix - i * 8, 0, 8);
    bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept);
  }
}

bool matches(const Cidr& cidr, const std::uint8_t* address) noexcept {
  // An IPv6 network does not mean IPv4 clients, although their mapped form lies in ::/0.
  if (cidr.prefix < kV4Offset && is_mapped(address)) return false;
  const int whole = cidr.prefix / 8;
  if (!std::equal(cidr.bytes, cidr.bytes + whole, address)) return false;
  const int rest = cidr.prefix % 8;
  return rest == 0 || ((cidr.bytes[whole] ^ address[whole]) >> (8 - rest)) == 0;
}

}  // namespace

bool Cidr::contains(const Endpoint& endpoint) const noexcept {
  const auto literal = literal_of(endpoint);
  return literal && matches(*this, literal->bytes.data());
}

bool Cidr::contains(std::string_view address) const noexcept {
  const auto literal = parse_literal(address);
  return literal && matches(*this, literal->bytes.data());
}

Result<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto literal = parse_literal(text.substr(0, slash));
  if (!literal) return bad_cidr(text, "does not begin with an IP address");
  const int offset = literal->v4 ? kV4Offset : 0;
  Cidr cidr;
  if (slash != std::string_view::npos) {
    if (!parse_prefix(text.substr(slash + 1), 128 - offset, cidr.prefix)) {
      return bad_cidr(text, literal->v4 ? "has no prefix length between 0 and 32" : "has no prefix length between 0 and 128");
    }
    cidr.prefix += offset;
  }
  auto network = literal->bytes;
  clear_host_bits(network, cidr.prefix);
  if (network != literal->bytes) {
    const std::string right = print_literal(network, literal->v4) + "/" + std::to_string(cidr.prefix - offset);
    return bad_cidr(text, "has bits set behind its prefix", "write " + right);
  }
  std::copy(network.begin(), network.end(), cidr.bytes);
  return cidr;
}

}  // namespace gatehouse::net
