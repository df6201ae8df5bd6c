#include "service_texts.h"

#include <algorithm>
#include <charconv>

#include "gatehouse/net/address.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::keys {

namespace {

Error bad(std::string_view text, std::string_view wanted) {
  return make_error("bad-value", yaml::quoted(text) + " is not " + std::string(wanted));
}

bool all_of(std::string_view text, bool (*fits)(char)) { return std::all_of(text.begin(), text.end(), fits); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

Result<std::uint16_t> parse_port_number(std::string_view text) {
  std::uint16_t out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || out == 0) return bad(text, "a port");
  return out;
}

}  // namespace

Result<services::Volume> parse_volume(std::string_view text) {
  constexpr std::string_view kWanted = "name:/path or /host/path:/path, perhaps with :ro";
  services::Volume out;
  std::string_view rest = text;
  out.read_only = rest.ends_with(":ro");
  if (out.read_only) rest.remove_suffix(3);
  const std::size_t colon = rest.find(':');
  if (colon == rest.npos || colon == 0 || rest.find(':', colon + 1) != rest.npos) return bad(text, kWanted);
  out.source = rest.substr(0, colon);
  out.target = rest.substr(colon + 1);
  if (!out.target.starts_with('/')) return bad(text, kWanted);
  return out;
}

Result<services::Tmpfs> parse_tmpfs(std::string_view text) {
  const std::size_t colon = text.find(':');
  services::Tmpfs out{.target = std::string(text.substr(0, colon))};
  if (!out.target.starts_with('/')) return bad(text, "/path or /path:SIZE");
  if (colon == text.npos) return out;
  const auto size = yaml::parse_size(text.substr(colon + 1));
  if (!size) return size.error();
  if (*size <= 0) return bad(text, "/path or /path:SIZE");
  out.size = *size;
  return out;
}

Result<services::File> parse_file(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos || colon == 0 || !text.substr(colon + 1).starts_with('/')) return bad(text, "source:/path");
  return services::File{.source = std::string(text.substr(0, colon)), .target = std::string(text.substr(colon + 1))};
}

Result<services::Port> parse_port(std::string_view text) {
  constexpr std::string_view kWanted = "host:container or address:host:container";
  services::Port out;
  const std::size_t last = text.rfind(':');
  if (last == text.npos || last == 0) return bad(text, kWanted);
  const std::size_t before = text.rfind(':', last - 1);
  const auto host = parse_port_number(text.substr(before == text.npos ? 0 : before + 1, last - (before == text.npos ? 0 : before + 1)));
  const auto container = parse_port_number(text.substr(last + 1));
  if (!host) return host.error();
  if (!container) return container.error();
  if (before != text.npos) {
    auto address = net::parse_address(std::string(text.substr(0, last)));
    if (!address || address->is_unix || !net::to_endpoint(*address)) return bad(text, kWanted);
    out.address = address->host;
  }
  out.host = *host;
  out.container = *container;
  return out;
}

Result<std::int64_t> parse_cpus(std::string_view text) {
  constexpr std::int64_t kMost = 4096;
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string thousandths(dot == text.npos ? std::string_view("0") : text.substr(dot + 1));
  if (whole.empty() || thousandths.empty() || thousandths.size() > 3 || whole.size() > 4 || !all_of(whole, is_digit) ||
      !all_of(thousandths, is_digit))
    return bad(text, "a number of CPUs like 2 or 0.25");
  thousandths.resize(3, '0');
  std::int64_t cpus = 0, parts = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), cpus);
  std::from_chars(thousandths.data(), thousandths.data() + 3, parts);
  if (cpus > kMost) return make_error("out-of-range", yaml::quoted(text) + " is too large: 0 to 4096");
  return cpus * 1000 + parts;
}

std::optional<std::uint32_t> parse_mode(std::string_view text) {
  constexpr int kOctal = 8;
  std::uint32_t out = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out, kOctal);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return whole && out <= 0777 ? std::optional(out) : std::nullopt;
}

Status check_mode(std::string_view text) { return parse_mode(text) ? Status() : Status(bad(text, "a mode like 0440")); }

Status check_podman_socket(std::string_view text) {
  constexpr std::string_view kUnix = "unix:///";
  if (text.starts_with(kUnix) && text.size() > kUnix.size()) return {};
  return bad(text, "unix:///path");
}

Status check_subnet(std::string_view text) {
  if (text.empty()) return {};
  const auto cidr = net::parse_cidr(std::string(text));
  return cidr && text.find('/') != text.npos ? Status() : Status(bad(text, "a network like 10.90.0.0/24"));
}

Status check_service_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; };
  if (!text.empty() && text.size() <= 48 && text[0] >= 'a' && text[0] <= 'z' && all_of(text, fits)) return {};
  return make_error("bad-name", yaml::quoted(text) + " is not a name: lower-case letters, digits, '-' and '_', at most 48, a letter first");
}

Status check_secret_reference(std::string_view text) {
  for (const std::string_view kind : {"file:", "env:", "credential:"})
    if (text.starts_with(kind) && text.size() > kind.size()) return {};
  return make_error("literal-secret", "a secret must not stand here: a reference is expected", "file:/path, env:NAME or credential:NAME");
}

Status check_signal(std::string_view text) {
  const bool name = text.starts_with("SIG") && text.size() > 3 && text.size() <= 10 && all_of(text.substr(3), is_upper);
  return text.empty() || name ? Status() : Status(bad(text, "a signal like SIGINT"));
}

}  // namespace gatehouse::keys
