// What PostgreSQL says, in the words of gatehouse/state/store.h. Only the first line of a server's message is kept: its
// details quote values of the row.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "postgres_address.h"

namespace gatehouse::state {

// By SQLSTATE (appendix A of PostgreSQL's manual).
Error postgres_error(const std::string& database, std::string_view sqlstate, std::string_view words);
// "database-unreachable", with what to do about it when the words tell.
Error connect_error(const PostgresAddress& address, std::string_view words);
Error broken_error(const std::string& database, std::string_view words);

// The server ended the connection, whatever its last words were.
bool ends_connection(std::string_view sqlstate);

}  // namespace gatehouse::state
