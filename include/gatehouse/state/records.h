// What a store keeps. Plain values; times are UTC with microseconds. Rules about who may do what are those of `access`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::state {

using runtime::WallTime;

struct User {
  std::int64_t id = 0;             // given by the store, never used twice
  std::string username;            // unique
  std::string email;
  std::string full_name;
  std::vector<std::string> scopes;
  bool active = true;
  bool superuser = false;
  std::string password_hash;       // encoded Argon2id, or an old "$2b$"; never leaves the daemon
  std::int64_t token_generation = 0;  // raised to make every older token of this user void
  WallTime created{};
  WallTime updated{};
};

struct ApiKey {
  std::int64_t id = 0;             // given by the store, never used twice
  std::int64_t user_id = 0;
  std::string name;
  std::string description;
  std::vector<std::string> scopes;
  bool active = true;
  WallTime expires{};
  WallTime created{};
  std::optional<WallTime> last_used;
  std::string hmac;                // 32 bytes; the key itself is never stored
};

struct RevokedToken {
  std::string token_id;            // jti
  WallTime expires{};              // after this the row may go
};

struct ServerTemplate {
  std::string name;                // primary key
  std::string description;
  std::string strategy = "round_robin";
  WallTime created{};
  WallTime updated{};
};

struct ServerInstance {
  std::string id;                  // primary key
  std::string template_name;       // must exist
  std::string transport;           // "http" or "stdio"
  std::string endpoint;            // http
  std::vector<std::string> command;  // stdio, argv
  std::string working_directory;
  std::string backend;
  std::string container_id;
  std::string deployment_id;
  std::string name_space;          // of an orchestrator
  std::string metadata = "{}";     // JSON object as text (weight, region, ...); no secrets
  std::string sealed_environment;  // sealed bytes (access::Seal); a store never sees the values
  std::string status = "unknown";  // healthy, unhealthy, unknown
  std::int64_t consecutive_failures = 0;
  std::optional<WallTime> last_health_check;
  bool active = true;
  WallTime created{};
  WallTime updated{};
};

// Who changes what: written to the audit table in the transaction of the change itself, or neither is.
struct Change {
  WallTime at{};
  std::string actor;               // "user:admin", "key:12 of user:admin", "system"
  std::string action;              // dotted slug: "user.created"
  std::string subject;             // "user:bob"
  std::string detail;              // free text for people; never a secret
};

struct AuditEntry {
  std::int64_t id = 0;             // grows
  Change change;
};

}  // namespace gatehouse::state
