// Where the daemon keeps what must survive; filled by the loader.
#pragma once

#include <string>

namespace gatehouse::state {

struct Settings {
  std::string directory;     // state directory, 0700; default /var/lib/gatehouse or ./state with config/development.yaml
  std::string database_url;  // "sqlite:PATH" or "sqlite:///PATH"; empty: directory/gatehouse.db. PostgreSQL: next issue
};

}  // namespace gatehouse::state
