// How the daemon gets its state directory and its store.
//
//   auto directory = state::StateDirectory::open(settings.directory);
//   auto store = state::open_store(settings, *directory, clock);
//
// Both block (disk); at start that is fine. Owner: main; the directory outlives the store.
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
//   state-unwritable  cannot be made, is no directory, or may not be written
//   state-insecure    other users can reach into it and it is not evidently ours to repair
//   state-in-use      another daemon has it; the message names the pid
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

// Where `database_url` points: "" → directory/gatehouse.db; "sqlite:PATH" and "sqlite:///PATH" → PATH, relative to the
// state directory unless it begins with '/' ("sqlite:////srv/g.db"). Slug "database-unsupported" for other schemes; the
// message never repeats a password.
Result<std::string> database_path(const Settings& settings, const std::string& directory);

// Opens (makes, mode 0600) the database, checks it, brings its schema up to date. Errors as in Store, and
//   schema-newer      a later gatehouse wrote it; nothing was touched
//   database-foreign  it holds tables of some other program; nothing was touched
Result<std::unique_ptr<Store>> open_store(const Settings& settings, const StateDirectory& directory,
                                          runtime::Clock& clock);

// The schema that this program writes; for `gatehouse version`.
int schema_version() noexcept;

}  // namespace gatehouse::state
