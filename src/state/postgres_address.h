// Where a PostgreSQL database is and who asks. Sans-IO.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/state/settings.h"

namespace gatehouse::state {

struct PostgresAddress {
  std::string host;        // several: "a,b", as many ports; a path: the directory of a Unix socket
  std::string port;
  std::string database;
  std::string user;
  Secret password;
  std::string sslmode;     // as libpq spells it
  std::string sslrootcert;
  std::string sslcert;     // the client's own certificate
  std::string sslkey;
  std::string application = "gatehouse";  // how the server's pg_stat_activity calls us

  std::string name() const;  // "postgresql://user@host:5432/database", for messages
  // A connection string of libpq (34.1.1.1); holds the password.
  Secret connection_string(std::chrono::seconds connect_timeout) const;
};

// postgresql:// or postgres://, also with a driver ("postgresql+asyncpg://"):
//   postgresql://user:password@host:port,host:port/database?sslmode=…&sslrootcert=…&sslcert=…&sslkey=…&host=/socket/directory
// User, password, database and values are percent-encoded. `defaults` fills in what is missing; an empty URL is all defaults.
// Errors: "database-unsupported"; no message repeats a part of the URL that could belong to a password.
Result<PostgresAddress> postgres_address(std::string_view url, const PostgresSettings& defaults);
bool is_postgres_url(std::string_view url);

bool is_this_machine(std::string_view host);

}  // namespace gatehouse::state
