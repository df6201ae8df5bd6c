#include "tables.h"

namespace gatehouse::state {

std::span<const Table> tables() {
  static constexpr Table kTables[] = {
      {"users",
       "id, username, email, full_name, scopes, is_active, is_superuser, password_hash, token_generation, created_at, updated_at",
       true},
      {"api_keys", "id, user_id, name, description, scopes, is_active, expires_at, created_at, last_used, key_hmac", true, 9},
      {"revoked_tokens", "token_id, expires_at", false},
      {"server_templates", "name, description, strategy, created_at, updated_at", false},
      {"server_instances",
       "id, template_name, transport, endpoint, command, working_directory, backend, container_id, deployment_id, metadata,"
       " sealed_environment, status, consecutive_failures, last_health_check, is_active, created_at, updated_at,"
       " namespace",
       false, 10},
      {"settings", "name, value", false},
      {"audit", "id, at, actor, action, subject, detail", true},
  };
  return kTables;
}

}  // namespace gatehouse::state
