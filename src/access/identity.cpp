#include "gatehouse/access/identity.h"

#include <array>
#include <optional>

namespace gatehouse::access {

namespace {

struct Named {
  Scope scope;
  std::string_view name;
};

constexpr std::array<Named, 4> kScopes{{
    {Scope::kAdmin, "admin"},
    {Scope::kGatewayRead, "gateway:read"},
    {Scope::kGatewayWrite, "gateway:write"},
    {Scope::kToolsCall, "tools:call"},
}};

std::optional<Scope> scope_named(std::string_view name) {
  for (const Named& named : kScopes) {
    if (named.name == name) return named.scope;
  }
  return std::nullopt;
}

}  // namespace

std::string_view scope_name(Scope scope) noexcept {
  for (const Named& named : kScopes) {
    if (named.scope == scope) return named.name;
  }
  return "";
}

Result<Scopes> Scopes::parse(const std::vector<std::string>& names) {
  Scopes scopes;
  for (const std::string& name : names) {
    const auto scope = scope_named(name);
    if (!scope) {
      return make_error("bad-request", "'" + name.substr(0, 64) + "' is no scope; scopes: " + all().to_string());
    }
    scopes.bits_ |= static_cast<std::uint8_t>(*scope);
  }
  return scopes;
}

Scopes Scopes::known(const std::vector<std::string>& names) noexcept {
  Scopes scopes;
  for (const std::string& name : names) {
    if (const auto scope = scope_named(name)) scopes.bits_ |= static_cast<std::uint8_t>(*scope);
  }
  return scopes;
}

std::vector<std::string> Scopes::names() const {
  std::vector<std::string> names;
  for (const Named& named : kScopes) {
    if ((bits_ & static_cast<std::uint8_t>(named.scope)) != 0) names.emplace_back(named.name);
  }
  return names;
}

std::string Scopes::to_string() const {
  std::string text;
  for (const std::string& name : names()) {
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

std::string Identity::actor() const {
  switch (credential) {
    case CredentialKind::kToken: return "user:" + name;
    case CredentialKind::kApiKey: return "key:" + std::to_string(key_id) + " of user:" + name;
    case CredentialKind::kLocal: return "local:" + name;
  }
  return {};
}

Identity Identity::local(std::string_view name) {
  Identity identity;
  identity.name = name;
  identity.superuser = true;
  identity.scopes = Scopes::all();
  return identity;
}

Status require(const Identity& identity, Scopes needed) {
  if (identity.scopes.contains(needed)) return {};
  return make_error("forbidden", "insufficient permissions; required scopes: " + needed.to_string());
}

}  // namespace gatehouse::access
