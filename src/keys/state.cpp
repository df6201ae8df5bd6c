// What the daemon keeps, and where.
#include "gatehouse/state/open.h"
#include "parts.h"

namespace gatehouse::keys {
namespace {

std::string state_directory(const Environment& environment) {
  const std::string given = first_directory(environment, "STATE_DIRECTORY");
  return given.empty() ? "/var/lib/gatehouse" : given;
}

const Key kKeys[] = {
    {.path = "state.directory",
     .type = Type::kPath,
     .fallback = "",
     .help = "What must survive a restart; mode 0700. Default: $STATE_DIRECTORY, else /var/lib/gatehouse",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.directory = v.text; },
     .computed = state_directory,
     .restart = true},
    {.path = "state.database_url",
     .type = Type::kString,
     .fallback = "",
     .help = "sqlite:PATH, or postgresql://USER@HOST:PORT/DATABASE?sslmode=…&sslrootcert=… (percent-encoded). Empty: PostgreSQL "
             "when state.postgres has a host or a password, else gatehouse.db in the state directory",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.database_url = v.text; },
     .check = check_database_url,
     .restart = true,
     .shown = state::shown_database_url},
    {.path = "state.postgres.host",
     .type = Type::kString,
     .fallback = "",
     .help = "Name or address, several separated by commas, or the directory of a Unix socket. Empty: 127.0.0.1",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.host = v.text; },
     .restart = true},
    {.path = "state.postgres.port",
     .type = Type::kInteger,
     .fallback = "5432",
     .help = "Its port",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.port = static_cast<std::uint16_t>(v.number); },
     .min = 1,
     .max = 65535,
     .restart = true},
    {.path = "state.postgres.database",
     .type = Type::kString,
     .fallback = "mcp_gateway",
     .help = "A database with the encoding UTF8; everything is in its schema gatehouse",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.database = v.text; },
     .restart = true},
    {.path = "state.postgres.user",
     .type = Type::kString,
     .fallback = "mcpuser",
     .help = "The role that the daemon works as",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.user = v.text; },
     .restart = true},
    {.path = "state.postgres.password",
     .type = Type::kSecret,
     .fallback = "",
     .help = "Its password, as a reference. Profile production: at least 12 characters",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.password = v.secret; },
     .restart = true,
     .sensitive = true},
    {.path = "state.postgres.owner",
     .type = Type::kString,
     .fallback = "",
     .help = "The role that owns the schema: it makes and changes tables at the start, and grants user the rights to rows only. "
             "Empty: user does both",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.owner = v.text; },
     .restart = true},
    {.path = "state.postgres.owner_password",
     .type = Type::kSecret,
     .fallback = "",
     .help = "Its password, as a reference",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.owner_password = v.secret; },
     .restart = true,
     .sensitive = true},
    {.path = "state.postgres.sslmode",
     .type = Type::kEnum,
     .fallback = "auto",
     .help = "As in libpq. auto: verify-full, but prefer when the server is on this machine",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.sslmode = v.text; },
     .choices = "auto|disable|allow|prefer|require|verify-ca|verify-full",
     .restart = true},
    {.path = "state.postgres.sslrootcert",
     .type = Type::kPath,
     .fallback = "",
     .help = "Authorities to trust (PEM). Empty: those of the system",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.sslrootcert = v.text; },
     .restart = true},
    {.path = "state.postgres.connections",
     .type = Type::kInteger,
     .fallback = "4",
     .help = "Connections at the same time, at most",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.state.postgres.connections = static_cast<std::uint32_t>(v.number); },
     .min = 1,
     .max = 64,
     .restart = true},
};

}  // namespace

std::span<const Key> state_keys() { return kKeys; }

}  // namespace gatehouse::keys
