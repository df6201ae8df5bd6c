// The database that settings mean, checked and migrated; what open_store() and copy() begin with.
#pragma once

#include <memory>
#include <string>

#include "database.h"
#include "gatehouse/state/settings.h"

namespace gatehouse::state {

// `application`: what a PostgreSQL server sees as our name.
Result<std::unique_ptr<Database>> open_database(const Settings& settings, const std::string& directory, runtime::Clock& clock,
                                                const std::string& application);

}  // namespace gatehouse::state
