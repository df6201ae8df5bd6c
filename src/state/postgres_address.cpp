#include "postgres_address.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "gatehouse/base/encoding.h"

namespace gatehouse::state {

namespace {

constexpr std::string_view kSslModes[] = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};
constexpr const char* kSystemRoots = "/etc/ssl/certs/ca-certificates.crt";
constexpr const char* kForm = "postgresql://USER@HOST:PORT/DATABASE; encode : / ? # [ ] @ and % in names and passwords as %XX";

Error unsupported(const char* what) {
  return make_error("database-unsupported", std::string("the database URL ") + what, kForm);
}

// "postgresql+asyncpg://u@h/d" is "u@h/d"; nothing when it is no such URL.
std::optional<std::string_view> behind_scheme(std::string_view url) {
  for (const std::string_view scheme : {"postgresql", "postgres"}) {
    if (!url.starts_with(scheme)) continue;
    std::string_view rest = url.substr(scheme.size());
    if (rest.starts_with('+')) rest.remove_prefix(std::min(rest.find(':'), rest.size()));
    if (rest.starts_with("://")) return rest.substr(3);
  }
  return std::nullopt;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int value = static_cast<unsigned char>(text[i]);
    if (text[i] == '%') {
      value = percent_value(text, i);
      i += 2;
    }
    if (value <= 0) return std::nullopt;  // NUL ends a text in libpq
    out += static_cast<char>(value);
  }
  return out;
}

// The text in front of the mark; `text` keeps what is behind it.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view first = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return first;
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  return code == std::errc() && end == text.data() + text.size() && port != 0;
}

bool is_host(std::string_view text) {
  constexpr std::string_view kMarks = ".-_:%";  // of names, addresses and scopes
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.find(c) != std::string_view::npos;
  });
}

class Reader {
 public:
  Reader(PostgresAddress& out, std::string default_port) : out_(out), default_port_(std::move(default_port)) {}

  Status read(std::string_view rest) {
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    rest.remove_prefix(authority.size());
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
      if (auto fine = user(authority.substr(0, at)); !fine) return fine;
      authority.remove_prefix(at + 1);
    }
    if (auto fine = hosts(authority); !fine) return fine;
    if (rest.find('#') != std::string_view::npos) return unsupported("holds a '#', which ends a URL");
    if (auto fine = database(take_until(rest, '?')); !fine) return fine;
    while (!rest.empty()) {
      if (auto fine = parameter(take_until(rest, '&')); !fine) return fine;
    }
    return {};
  }

 private:
  Status user(std::string_view text) {
    const bool has_password = text.find(':') != std::string_view::npos;
    const auto name = decoded(take_until(text, ':'));
    const auto password = decoded(text);
    if (!name || !password) return unsupported("has a broken %XX in its user or password");
    out_.user = *name;
    if (has_password) out_.password = Secret(*password);
    return {};
  }

  Status hosts(std::string_view authority) {
    std::string ports;
    while (!authority.empty()) {
      std::string_view one = take_until(authority, ',');
      std::string port = default_port_;
      const std::size_t colon = one.rfind(':');
      if (colon != std::string_view::npos && !one.ends_with(']')) {
        port = one.substr(colon + 1);
        one = one.substr(0, colon);
      }
      if (one.starts_with('[') && one.ends_with(']')) one = one.substr(1, one.size() - 2);
      const auto host = decoded(one);
      if (!host || !(host->starts_with('/') || is_host(*host))) return unsupported("names no host that could be one");
      if (!is_port(port)) return unsupported("names a port that is not from 1 to 65535");
      out_.host += (out_.host.empty() ? "" : ",") + *host;
      ports += (ports.empty() ? "" : ",") + port;
    }
    out_.port = ports;
    return {};
  }

  Status database(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    const auto name = decoded(path);
    if (!name || path.find_first_of("/@:") != std::string_view::npos) return unsupported("has an unusual database name");
    out_.database = *name;
    return {};
  }

  Status parameter(std::string_view text) {
    const std::string_view name = take_until(text, '=');
    const auto value = decoded(text);
    const std::pair<std::string_view, std::string*> known[] = {
        {"sslmode", &out_.sslmode}, {"sslrootcert", &out_.sslrootcert}, {"sslcert", &out_.sslcert},
        {"sslkey", &out_.sslkey},   {"host", &out_.host}};
    for (const auto& [key, field] : known) {
      if (key != name) continue;
      if (!value || value->empty()) return unsupported("has a parameter with a broken or empty value");
      *field = *value;
      return {};
    }
    return unsupported("has a parameter other than sslmode, sslrootcert, sslcert, sslkey and host");
  }

  PostgresAddress& out_;
  std::string default_port_;
};

bool all_on_this_machine(std::string_view hosts) {
  while (!hosts.empty()) {
    if (!is_this_machine(take_until(hosts, ','))) return false;
  }
  return true;
}

void complete(PostgresAddress& address, const PostgresSettings& defaults) {
  if (address.host.empty()) address.host = defaults.host.empty() ? "127.0.0.1" : defaults.host;
  if (address.port.empty()) address.port = std::to_string(defaults.port);
  if (address.database.empty()) address.database = defaults.database;
  if (address.user.empty()) address.user = defaults.user;
  if (address.password.empty()) address.password = defaults.password;
  if (address.sslmode.empty()) address.sslmode = defaults.sslmode;
  if (address.sslmode == "auto") address.sslmode = all_on_this_machine(address.host) ? "prefer" : "verify-full";
  if (address.sslrootcert.empty()) address.sslrootcert = defaults.sslrootcert;
  const bool verifies = address.sslmode.starts_with("verify-");
  if (verifies && address.sslrootcert.empty() && ::access(kSystemRoots, R_OK) == 0) address.sslrootcert = kSystemRoots;
}

}  // namespace

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.") || host.starts_with('/');
}

bool is_postgres_url(std::string_view url) { return behind_scheme(url).has_value(); }

Result<PostgresAddress> postgres_address(std::string_view url, const PostgresSettings& defaults) {
  PostgresAddress address;
  if (!url.empty()) {
    const auto rest = behind_scheme(url);
    if (!rest) return unsupported("does not begin with postgresql://");
    if (auto fine = Reader(address, std::to_string(defaults.port)).read(*rest); !fine) return std::move(fine).error();
  }
  complete(address, defaults);
  if (std::find(std::begin(kSslModes), std::end(kSslModes), address.sslmode) == std::end(kSslModes)) {
    return make_error("database-unsupported", "the database's sslmode is not one that is known",
                      "disable, allow, prefer, require, verify-ca or verify-full");
  }
  return address;
}

std::string PostgresAddress::name() const {
  std::string_view hosts = host;
  std::string_view ports = port;
  std::string out = "postgresql://" + user + "@";
  bool first = true;
  while (!hosts.empty()) {
    const std::string_view one = take_until(hosts, ',');
    const std::string_view its_port = ports.find(',') == std::string_view::npos ? ports : take_until(ports, ',');
    const bool bracketed = one.find(':') != std::string_view::npos;
    if (!first) out += ',';
    out += bracketed ? "[" + std::string(one) + "]" : std::string(one);
    out += ":" + std::string(its_port);
    first = false;
  }
  return out + "/" + database;
}

Secret PostgresAddress::connection_string(std::chrono::seconds connect_timeout) const {
  const std::string timeout = std::to_string(connect_timeout.count());
  const std::pair<const char*, std::string_view> values[] = {
      {"host", host}, {"port", port}, {"dbname", database}, {"user", user}, {"password", password.reveal()},
      {"sslmode", sslmode}, {"sslrootcert", sslrootcert}, {"sslcert", sslcert}, {"sslkey", sslkey},
      {"application_name", application}, {"client_encoding", "UTF8"}, {"connect_timeout", timeout},
      // A peer that vanished is noticed in half a minute.
      {"keepalives", "1"}, {"keepalives_idle", "10"}, {"keepalives_interval", "5"}, {"keepalives_count", "3"},
      {"tcp_user_timeout", "25000"},
      {"gssencmode", "disable"}, {"target_session_attrs", "read-write"}};
  std::string out;
  for (const auto& [name, value] : values) {
    if (value.empty()) continue;
    out += std::string(out.empty() ? "" : " ") + name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  }
  return Secret(std::move(out));
}

}  // namespace gatehouse::state
