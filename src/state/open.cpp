#include "gatehouse/state/open.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "gatehouse/base/log.h"
#include "sqlite_store.h"

namespace gatehouse::state {

namespace {

constexpr std::string_view kScheme = "sqlite:";
constexpr std::string_view kPostgres[] = {"postgres:", "postgresql:", "postgresql+asyncpg:"};

Error unsupported(std::string_view url) {
  for (const std::string_view scheme : kPostgres) {
    if (url.starts_with(scheme)) {
      return make_error("database-unsupported", "state.database_url names PostgreSQL, which this version cannot use yet",
                        "leave it empty for the embedded SQLite database");
    }
  }
  const std::size_t colon = url.find(':');
  const std::string scheme(colon == std::string_view::npos ? "" : url.substr(0, colon));
  return make_error("database-unsupported",
                    "state.database_url: '" + scheme + "' is no known scheme, sqlite:PATH is",
                    "leave it empty for the embedded SQLite database");
}

// SQLite would make the file with the umask's mode; made here, it is private from its first moment.
Status make_private_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) {
    Error error = system_error(errno == ENOSPC ? "disk-full" : "state-unwritable", "cannot write " + path, errno);
    error.help = "the file and its directory must belong to the daemon's user and be writable";
    return error;
  }
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

}  // namespace

Result<std::string> database_path(const Settings& settings, const std::string& directory) {
  std::string_view url = settings.database_url;
  if (url.empty()) return directory + "/gatehouse.db";
  if (!url.starts_with(kScheme)) return unsupported(url);
  url.remove_prefix(kScheme.size());
  if (url.starts_with("///")) url.remove_prefix(3);
  if (url.empty() || url.starts_with("//") || url.find('\0') != std::string_view::npos) {
    return make_error("database-unsupported", "state.database_url must be sqlite:PATH or sqlite:///PATH");
  }
  if (url.front() == '/') return std::string(url);
  return directory + "/" + std::string(url);
}

Result<std::unique_ptr<Store>> open_store(const Settings& settings, const StateDirectory& directory,
                                          runtime::Clock& clock) {
  auto path = database_path(settings, directory.path());
  if (!path) return std::move(path).error();
  if (auto made = make_private_file(*path); !made) return std::move(made).error();
  auto store = SqliteStore::open(*path, clock.wall());
  if (!store) return store;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (auto closed = close_to_others(*path + suffix); !closed) return std::move(closed).error();
  }
  return store;
}

}  // namespace gatehouse::state
