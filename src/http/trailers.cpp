#include <cstring>

#include "chars.h"
#include "field_rules.h"
#include "gatehouse/http/forward.h"

namespace gatehouse::http {
namespace {

// Of kind kOther; the names that the daemon knows are all refused.
constexpr std::string_view kForbidden[] = {
    "accept-ranges", "age", "allow", "alt-svc", "authentication-info", "cache-control", "clear-site-data", "expires", "location",
    "pragma", "range", "refresh", "retry-after", "strict-transport-security", "vary", "warning", "www-authenticate"};
constexpr std::string_view kForbiddenPrefixes[] = {"content-", "access-control-", "cross-origin-",  "if-",
                                                   "proxy-",   "x-forwarded-",    "x-frame-", "x-content-type-"};

bool allowed(std::string_view name) noexcept {
  if (classify_field(name) != FieldId::kOther || forgeable(name, false, false)) return false;
  for (const std::string_view forbidden : kForbidden)
    if (equals_ignoring_case(name, forbidden)) return false;
  for (const std::string_view prefix : kForbiddenPrefixes)
    if (equals_ignoring_case(name.substr(0, prefix.size()), prefix)) return false;
  return true;
}

}  // namespace

bool forwards_trailers(const RequestHead& request, const ResponseHead& head) noexcept {
  return request.accepts_trailers && head.framing == Framing::kChunked && !nominates(head.fields);
}

std::string_view keep_allowed_trailers(std::span<char> lines) noexcept {
  const std::string_view text(lines.data(), lines.size());
  std::size_t kept = 0;
  for (std::size_t at = 0, next = 0; at < text.size(); at = next) {
    next = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = text.substr(at, next - at);
    if (!allowed(line.substr(0, line.find(':')))) continue;
    std::memmove(lines.data() + kept, line.data(), line.size());
    kept += line.size();
  }
  return text.substr(0, kept);
}

}  // namespace gatehouse::http
