// The schema in PostgreSQL: everything is in the schema `gatehouse`, which the owner makes in an empty database.
//
// All steps, and the rights of the application role, are one transaction under an advisory lock: of several nodes that
// start at once one works and the others find it done.
#pragma once

#include <string>

#include "postgres.h"

namespace gatehouse::state {

// Within a transaction of `connection`, the owner's. Errors: schema-newer, database-foreign, database-busy when another
// node works for longer than a minute.
Status migrate_postgres(PostgresConnection& connection, const std::string& name, const std::string& application_role,
                        const std::string& owner_role, runtime::WallTime now);

// Reads everything and looks for what constraints and triggers should have kept out. Slug "database-corrupt".
Status check_postgres(Session& session, const std::string& name);

}  // namespace gatehouse::state
