#include "gatehouse/state/open.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "file_errors.h"
#include "gatehouse/base/log.h"
#include "open_database.h"
#include "postgres_database.h"
#include "sql_store.h"
#include "sqlite_database.h"

namespace gatehouse::state {

namespace {

// "sqlite:x" and "sqlite+aiosqlite:x" are "x"; nothing when it is no such URL.
std::optional<std::string_view> behind_sqlite(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite";
  if (!url.starts_with(kScheme)) return std::nullopt;
  url.remove_prefix(kScheme.size());
  if (url.starts_with('+')) url.remove_prefix(std::min(url.find(':'), url.size()));
  if (!url.starts_with(':')) return std::nullopt;
  return url.substr(1);
}

Error unsupported(std::string_view url) {
  const std::size_t colon = url.find(':');
  const std::string scheme(colon == std::string_view::npos ? "" : url.substr(0, colon));
  return make_error("database-unsupported",
                    "the database URL: '" + scheme + "' is no known scheme; sqlite:PATH and postgresql://HOST/DATABASE are",
                    "leave it empty for the embedded SQLite database");
}

// SQLite would make the file with the umask's mode; made here, it is private from its first moment.
Status make_private_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return file_error("cannot write " + path, path, errno);
  return {};
}

// After the schema check: a file that turns out to be somebody else's stays as it is.
Status close_to_others(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  if (::chmod(path.c_str(), 0600) != 0) {
    return make_error("state-insecure", "the database " + path + " is open to other users of this machine",
                      "chmod 600 " + path);
  }
  log::warn("state", "state.permissions.repaired", "database was open to other users; mode is now 0600",
            {{"path", path}});
  return {};
}

Result<std::unique_ptr<Database>> open_sqlite(const std::string& path, runtime::Clock& clock) {
  if (auto made = make_private_file(path); !made) return std::move(made).error();
  auto database = SqliteDatabase::open(path, clock.wall());
  if (!database) return database;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (auto closed = close_to_others(path + suffix); !closed) return std::move(closed).error();
  }
  return database;
}

Result<std::unique_ptr<Database>> open_postgres(const Settings& settings, runtime::Clock& clock, const std::string& application) {
  auto address = postgres_address(settings.database_url, settings.postgres);
  if (!address) return std::move(address).error();
  address->application = application;
  PostgresRoles roles{*address, *address};
  if (!settings.postgres.owner.empty()) {
    roles.owner.user = settings.postgres.owner;
    roles.owner.password = settings.postgres.owner_password;
  }
  PoolLimits limits;
  limits.connections = settings.postgres.connections;
  return PostgresDatabase::open(roles, limits, clock);
}

}  // namespace

bool means_postgres(const Settings& settings) {
  if (!settings.database_url.empty()) return is_postgres_url(settings.database_url);
  return !settings.postgres.host.empty() || !settings.postgres.password.empty();
}

Result<std::string> database_path(const Settings& settings, const std::string& directory) {
  if (settings.database_url.empty()) return directory + "/gatehouse.db";
  auto path = behind_sqlite(settings.database_url);
  if (!path) return unsupported(settings.database_url);
  if (path->starts_with("///")) path->remove_prefix(3);
  if (path->empty() || path->starts_with("//") || path->find('\0') != std::string_view::npos) {
    return make_error("database-unsupported", "the database URL must be sqlite:PATH or sqlite:///PATH");
  }
  if (path->front() == '/') return std::string(*path);
  return directory + "/" + std::string(*path);
}

Status check_database_url(std::string_view url) {
  if (is_postgres_url(url)) {
    auto address = postgres_address(url, {});
    return address ? Status() : Status(std::move(address).error());
  }
  auto path = database_path({.directory = {}, .database_url = std::string(url)}, "");
  return path ? Status() : Status(std::move(path).error());
}

Secret database_password(std::string_view url) {
  auto address = is_postgres_url(url) ? postgres_address(url, {}) : Result<PostgresAddress>(PostgresAddress{});
  return address ? address->password : Secret();
}

std::string shown_database_url(std::string_view url) {
  if (url.empty() || behind_sqlite(url)) return std::string(url);
  const std::string hidden(Secret::redacted());
  if (!is_postgres_url(url) || !check_database_url(url)) return hidden;
  const std::size_t begin = url.find("://") + 3;
  const std::size_t at = url.substr(0, url.find_first_of("/?", begin)).rfind('@');
  const std::size_t colon = url.find(':', begin);
  if (at == std::string_view::npos || colon > at) return std::string(url);
  return std::string(url.substr(0, colon + 1)) + hidden + std::string(url.substr(at));
}

Result<std::unique_ptr<Database>> open_database(const Settings& settings, const std::string& directory, runtime::Clock& clock,
                                                const std::string& application) {
  if (means_postgres(settings)) return open_postgres(settings, clock, application);
  auto path = database_path(settings, directory);
  if (!path) return std::move(path).error();
  return open_sqlite(*path, clock);
}

Result<std::unique_ptr<Store>> open_store(const Settings& settings, const StateDirectory& directory, runtime::Clock& clock) {
  auto database = open_database(settings, directory.path(), clock, "gatehouse");
  if (!database) return std::move(database).error();
  return std::unique_ptr<Store>(new SqlStore(*std::move(database), clock));
}

}  // namespace gatehouse::state
