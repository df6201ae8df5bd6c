#include "gatehouse/acme/exchange.h"

#include <algorithm>
#include <charconv>

#include "gatehouse/http/date.h"
#include "gatehouse/http/message.h"
#include "gatehouse/http/url.h"

namespace gatehouse::acme {

namespace {

constexpr std::size_t kMaxNonce = 512;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxLinks = 16;
constexpr std::chrono::seconds kLongest{365 * 24 * 3600};

bool is_base64url(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Up to the next separator outside of quotes; takes it off.
std::string_view take_part(std::string_view& text, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < text.size() && (quoted || text[at] != separator); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\' && at + 1 < text.size()) ++at;
  }
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(text.size(), at + 1));
  return trimmed(part);
}

// Whether the parameters of a link, `; rel="alternate index"`, name the relation. Only the first `rel` counts.
bool has_relation(std::string_view parameters, std::string_view relation) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_part(parameters, ';');
    const std::size_t equals = parameter.find('=');
    if (equals == parameter.npos || !http::equals_ignoring_case(trimmed(parameter.substr(0, equals)), "rel")) continue;
    std::string_view value = trimmed(parameter.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    while (!value.empty()) {
      if (http::equals_ignoring_case(take_part(value, ' '), relation)) return true;
    }
    return false;
  }
  return false;
}

void add_links(std::string_view field, std::string_view relation, std::vector<std::string>& found) {
  while (!field.empty() && found.size() < kMaxLinks) {
    const std::size_t open = field.find_first_not_of(" \t,");
    if (open == field.npos || field[open] != '<') return;
    const std::size_t close = field.find('>', open);
    if (close == field.npos) return;
    const std::string_view target = field.substr(open + 1, close - open - 1);
    field.remove_prefix(close + 1);
    std::string_view parameters = take_part(field, ',');
    if (parameters.starts_with(';')) parameters.remove_prefix(1);
    if (has_relation(parameters, relation) && is_https_url(target)) found.emplace_back(target);
  }
}

}  // namespace

std::string_view Answer::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (http::equals_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string_view replay_nonce(const Answer& answer) noexcept {
  const std::string_view nonce = answer.header("Replay-Nonce");
  const bool valid = nonce.size() <= kMaxNonce && std::all_of(nonce.begin(), nonce.end(), is_base64url);
  return valid ? nonce : std::string_view();
}

std::optional<std::chrono::seconds> retry_after(const Answer& answer, runtime::WallTime now) noexcept {
  const std::string_view text = answer.header("Retry-After");
  if (text.empty()) return std::nullopt;
  if (std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    std::int64_t seconds = 0;
    const bool fits = std::from_chars(text.data(), text.data() + text.size(), seconds).ec == std::errc();
    return fits ? std::min(std::chrono::seconds(seconds), kLongest) : kLongest;
  }
  const auto date = http::parse_http_date(text);
  if (!date) return std::nullopt;
  const std::chrono::seconds left = std::chrono::seconds(*date) - std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return std::clamp(left, std::chrono::seconds(0), kLongest);
}

std::vector<std::string> links(const Answer& answer, std::string_view relation) {
  std::vector<std::string> found;
  for (const auto& [name, value] : answer.headers) {
    if (http::equals_ignoring_case(name, "Link")) add_links(value, relation, found);
  }
  return found;
}

bool is_https_url(std::string_view text) {
  if (text.size() >= kMaxUrl) return false;
  const auto url = http::parse_url(text);
  return url && url->tls;
}

}  // namespace gatehouse::acme
