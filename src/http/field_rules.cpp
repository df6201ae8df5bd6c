#include "field_rules.h"

#include "chars.h"

namespace gatehouse::http {
namespace {

bool starts_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool any_of(std::string_view name, std::initializer_list<std::string_view> names) noexcept {
  for (const std::string_view other : names)
    if (equals_ignoring_case(name, other)) return true;
  return false;
}

// Names by which a trusted proxy, but nobody else, may tell the upstream who asks for what.
bool identity_name(std::string_view name) noexcept {
  return starts_ignoring_case(name, "x-forwarded-") ||
         any_of(name, {"remote-user", "x-remote-user", "x-original-url", "x-rewrite-url"});
}

// What tells who asks, for what and in which session: without it the upstream would take the request for another.
bool stays(FieldId id) noexcept {
  switch (rule_of(id)) {
    case Rule::kHost:
    case Rule::kLength:
    case Rule::kForwarding:
    case Rule::kRequestId:
    case Rule::kTraceparent:
    case Rule::kDate: return true;
    case Rule::kKeep:
    case Rule::kHop:
    case Rule::kTracestate:
    case Rule::kServer:
    case Rule::kUnknown: break;
  }
  return id == FieldId::kAuthorization || id == FieldId::kCookie || id == FieldId::kSetCookie || id == FieldId::kXApiKey ||
         id == FieldId::kMcpSessionId;
}

bool own_name(std::string_view name) noexcept {
  return starts_ignoring_case(name, "x-gatehouse-") || any_of(name, {"x-request-attempt", "proxy", "client-cert", "client-cert-chain"});
}

// CGI, WSGI and their kin turn '-' (and some '.') into '_': there "X_Real_IP" is the same variable as "X-Real-IP".
bool aliases_known_name(std::string_view name, bool trusted) noexcept {
  char plain[64];
  if (name.size() > sizeof plain) return false;
  for (std::size_t i = 0; i < name.size(); ++i) plain[i] = name[i] == '_' || name[i] == '.' ? '-' : name[i];
  const std::string_view alias(plain, name.size());
  return classify_field(alias) != FieldId::kOther || own_name(alias) || (!trusted && identity_name(alias));
}

bool has_special(std::string_view name, bool& underscore) noexcept {
  bool dot = false;
  for (const char c : name) {
    underscore |= c == '_';
    dot |= c == '.';
  }
  return underscore || dot;
}

}  // namespace

bool nominates(const Fields& fields) noexcept {
  for (const Field& field : fields) {
    if (field.id != FieldId::kConnection) continue;
    for (std::string_view list = field.value; !list.empty();)
      if (const std::string_view option = take_member(list);
          !option.empty() && !any_of(option, {"close", "keep-alive", "upgrade", "te"}))
        return true;
  }
  return false;
}

bool nominated(const Fields& fields, const Field& field) noexcept {
  if (field.id == FieldId::kOther ? identity_name(field.name) : stays(field.id)) return false;
  for (const Field& other : fields) {
    if (other.id != FieldId::kConnection) continue;
    for (std::string_view list = other.value; !list.empty();)
      if (equals_ignoring_case(take_member(list), field.name)) return true;
  }
  return false;
}

bool forgeable(std::string_view name, bool trusted, bool keep_underscore_names) noexcept {
  const char first = to_lower(name.front());
  if ((first == 'x' || first == 'r' || first == 'p' || first == 'c') && (own_name(name) || (!trusted && identity_name(name)))) return true;
  bool underscore = false;
  if (!has_special(name, underscore)) return false;
  return (underscore && !keep_underscore_names) || aliases_known_name(name, trusted);
}

}  // namespace gatehouse::http
