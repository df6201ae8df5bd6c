// Identity: who calls, and what they may do. Scopes hold for everybody; nothing is implied by "is logged in".
// Plain values, any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::access {

enum class Scope : std::uint8_t {
  kAdmin = 1,         // "admin": every scope below
  kGatewayRead = 2,   // "gateway:read"
  kGatewayWrite = 4,  // "gateway:write"
  kToolsCall = 8,     // "tools:call"
};

std::string_view scope_name(Scope scope) noexcept;

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> list) {
    for (const Scope scope : list) bits_ |= static_cast<std::uint8_t>(scope);
  }
  // Unknown name: slug "bad-request", the message lists the known ones.
  static Result<Scopes> parse(const std::vector<std::string>& names);
  // The same, but names that this version does not know are left out (rows of a later version).
  static Scopes known(const std::vector<std::string>& names) noexcept;
  static constexpr Scopes all() {
    return {Scope::kAdmin, Scope::kGatewayRead, Scope::kGatewayWrite, Scope::kToolsCall};
  }

  std::vector<std::string> names() const;
  std::string to_string() const;  // space separated, as in WWW-Authenticate
  constexpr bool empty() const { return bits_ == 0; }
  // Every scope of `needed` is here; admin stands for all.
  constexpr bool contains(Scopes needed) const {
    if ((bits_ & static_cast<std::uint8_t>(Scope::kAdmin)) != 0) return true;
    return (needed.bits_ & ~bits_) == 0;
  }
  // What both allow.
  constexpr Scopes operator&(Scopes other) const {
    Scopes result;
    result.bits_ = expanded() & other.expanded();
    return result;
  }
  constexpr bool operator==(const Scopes&) const = default;

 private:
  constexpr std::uint8_t expanded() const {
    return (bits_ & static_cast<std::uint8_t>(Scope::kAdmin)) != 0 ? all().bits_ : bits_;
  }
  std::uint8_t bits_ = 0;
};

enum class CredentialKind : std::uint8_t { kToken, kApiKey, kLocal };

struct Identity {
  std::int64_t user_id = 0;      // 0: no user (local administrator)
  std::string name;              // username
  bool superuser = false;        // may act for other users. A key carries it only with scope admin of a superuser
  Scopes scopes;                 // effective: what the credential has and its user still has
  CredentialKind credential = CredentialKind::kLocal;
  std::int64_t key_id = 0;       // of an API key
  std::string token_id;          // jti of a token
  runtime::WallTime expires = runtime::WallTime::max();  // of the credential

  std::string actor() const;     // for the audit: "user:bob", "key:12 of user:bob", "local:root"

  // The administrator at the command line, proven by the permissions of the admin socket; and the daemon itself.
  static Identity local(std::string_view name);
};

// Slug "forbidden": "insufficient permissions; required scopes: gateway:write".
Status require(const Identity& identity, Scopes needed);

}  // namespace gatehouse::access
