// How the daemon gets its state directory and its store.
//
//   auto directory = state::StateDirectory::open(settings.directory);
//   auto store = state::open_store(settings, *directory, clock);
//
// Both block (disk, network); at start that is fine. Owner: main; the directory outlives the store.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/state/settings.h"
#include "gatehouse/state/store.h"

namespace gatehouse::state {

// The directory, made with mode 0700 when missing, and locked for this process until destroyed (flock on
// gatehouse.lock, which holds the pid). Errors:
//   state-unwritable  cannot be made, is no directory, may not be written, or its file system is read-only
//   disk-full         no room for it; the message names the file, the help its file system
//   state-insecure    other users can reach into it and it is not evidently ours to repair
//   state-in-use      another daemon has it; the message names its pid and command
class StateDirectory {
 public:
  static Result<StateDirectory> open(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  StateDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  UniqueFd lock_;
};

// Which database the settings mean. `database_url` decides:
//   sqlite:PATH, sqlite:///PATH   PATH, relative to the state directory unless it begins with '/' ("sqlite:////srv/g.db")
//   postgresql://user:password@host:port/database?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem
//   postgres://…                  the same; user, password, database and values are percent-encoded
//   empty                         PostgreSQL when settings.postgres has a host or a password, else directory/gatehouse.db
// A driver in the scheme ("postgresql+asyncpg:") is ignored. What a PostgreSQL URL leaves out, settings.postgres says.
bool means_postgres(const Settings& settings);
Result<std::string> database_path(const Settings& settings, const std::string& directory);  // of SQLite's file
// Slug "database-unsupported". No message repeats what could be a password.
Status check_database_url(std::string_view url);
Secret database_password(std::string_view url);  // the one in the URL, or empty
// For people: the password is hidden, or all of it when it cannot be told which part that is.
std::string shown_database_url(std::string_view url);

// Opens (SQLite: makes, mode 0600) the database, locks it (SQLite: flock on PATH.lock until the store is destroyed), checks
// it, brings its schema up to date. Errors as in Store, and
//   state-in-use          another process has the SQLite file; the message names its pid and command
//   schema-newer          a later gatehouse wrote it; nothing was touched
//   database-foreign      it holds tables of some other program; nothing was touched
//   database-unsupported  another scheme, or a PostgreSQL database whose encoding is not UTF8
// PostgreSQL: settings.postgres.owner makes the schema `gatehouse` and grants the application role its rows; of several
// nodes that start at once, one does.
Result<std::unique_ptr<Store>> open_store(const Settings& settings, const StateDirectory& directory,
                                          runtime::Clock& clock);

// The schema that this program writes; for `gatehouse version`.
int schema_version() noexcept;

}  // namespace gatehouse::state
