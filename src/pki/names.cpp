#include "gatehouse/pki/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "gatehouse/base/encoding.h"

namespace gatehouse::pki {

namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxNames = 100;

Error bad_name(std::string_view text, std::string_view why, std::string help = {}) {
  std::string message = "'" + std::string(text.substr(0, 80)) + "' cannot stand in a certificate: ";
  return make_error("bad-name", message.append(why), std::move(help));
}

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && letter_or_digit(label.front()) && letter_or_digit(label.back()) &&
         std::all_of(label.begin(), label.end(), [](char c) { return letter_or_digit(c) || c == '-'; });
}

// The canonical text of an address; empty when it is none.
std::string address_text(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, text.c_str(), bytes.data()) == 1) return ::inet_ntop(family, bytes.data(), out.data(), out.size());
  }
  return {};
}

Status check_host(std::string_view written, std::string_view host) {
  if (host.size() > kMaxName) return bad_name(written, "longer than 253 characters");
  std::string_view label;
  for (std::string_view rest = host; !rest.empty() || label.data() == nullptr;) {
    label = rest.substr(0, rest.find('.'));
    if (!is_label(label)) return bad_name(written, "no host name", "letters, digits, hyphens and dots; '*' as the whole first label");
    if (label.size() + 1 == rest.size()) return bad_name(written, "no host name");
    rest.remove_prefix(std::min(rest.size(), label.size() + 1));
  }
  if (std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return bad_name(written, "neither a host name nor an IP address");
  }
  return {};
}

}  // namespace

Result<Name> parse_name(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80) != 0; })) {
    return bad_name(text, "not ASCII", "write the A-label, as in xn--mller-kva.example");
  }
  if (text.find('\0') != text.npos) return bad_name(text, "no host name");
  Name name{.is_ip = false, .text = std::string(text)};
  if (std::string address = address_text(name.text); !address.empty()) return Name{.is_ip = true, .text = std::move(address)};
  for (char& c : name.text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (name.text.size() > 1 && name.text.ends_with('.')) name.text.pop_back();
  if (Status checked = check_host(text, name.base()); !checked) return std::move(checked).error();
  return name;
}

Result<Names> parse_names(const std::vector<std::string>& texts) {
  Names names;
  for (const std::string& text : texts) {
    auto name = parse_name(text);
    if (!name) return std::move(name).error();
    if (std::find(names.begin(), names.end(), *name) != names.end()) return bad_name(text, "named twice");
    names.push_back(*std::move(name));
  }
  if (names.empty() || names.size() > kMaxNames) return make_error("bad-name", "a certificate has 1 to 100 names");
  return names;
}

std::vector<std::string> texts_of(const Names& names) {
  std::vector<std::string> texts;
  for (const Name& name : names) texts.push_back(name.text);
  return texts;
}

std::string reverse_name(const Name& address) {
  std::array<unsigned char, 16> bytes{};
  std::string name;
  if (::inet_pton(AF_INET, address.text.c_str(), bytes.data()) == 1) {
    for (int i = 3; i >= 0; --i) name += std::to_string(bytes[static_cast<std::size_t>(i)]) + ".";
    return name + "in-addr.arpa";
  }
  if (::inet_pton(AF_INET6, address.text.c_str(), bytes.data()) != 1) return {};
  const std::string digits = encode_hex(bytes);
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) name.append({*digit, '.'});
  return name + "ip6.arpa";
}

}  // namespace gatehouse::pki
