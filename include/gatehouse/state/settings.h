// Where the daemon keeps what must survive; filled by the loader.
#pragma once

#include <cstdint>
#include <string>

#include "gatehouse/base/secret.h"

namespace gatehouse::state {

// What a PostgreSQL URL does not say. With an empty URL, a host or a password here is enough to mean PostgreSQL.
struct PostgresSettings {
  std::string host;                    // empty: 127.0.0.1; a path: the directory of a Unix socket
  std::uint16_t port = 5432;
  std::string database = "mcp_gateway";
  std::string user = "mcpuser";        // the application role: the daemon's work
  Secret password;
  std::string owner;                   // the role that owns the schema and changes it; empty: `user` does both
  Secret owner_password;
  std::string sslmode = "auto";        // auto: verify-full, but "prefer" when every host is this machine
  std::string sslrootcert;             // PEM of the authorities to trust; empty: those of the system
  std::uint32_t connections = 4;       // at most, at the same time
};

struct Settings {
  std::string directory;     // state directory, 0700; default /var/lib/gatehouse or ./state with config/development.yaml
  std::string database_url;  // see gatehouse/state/open.h; empty: `postgres` when it names one, else directory/gatehouse.db
  PostgresSettings postgres{};
};

}  // namespace gatehouse::state
