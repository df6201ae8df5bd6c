// Shelf: the directory in which backups are kept. One backup is two files, what was copied and a description of it in JSON, which
// is written last: without it there is no backup.
//
//   state-20261126T020000Z.db    state-20261126T020000Z.json
//   postgres-20261126T020000Z.dump  …
//
// Everything is written beside its place (".part"), flushed to the disk, and renamed; what was there before stays until then.
// Functions BLOCK: for the offload pool or the command line; any thread. Whoever changes anything holds the lock.
// Errors: "disk-full", "backup-unwritable", "backup-unreadable" (they name the path), and those named below.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse::backup {

// Rows of a table: others may have written while they were counted, so at least and at most.
struct Rows {
  std::int64_t least = 0;
  std::int64_t most = 0;
};
using Tables = std::map<std::string, Rows>;

enum class Kind { kSqlite, kPostgres };
std::string_view to_string(Kind kind);  // "sqlite", "postgresql"

// The last time that somebody looked, and what was wrong then; empty: nothing.
struct Look {
  WallTime at{};
  std::string failure;
};

struct Entry {
  std::string id;
  std::string target;    // "state", or a service
  Kind kind = Kind::kSqlite;
  std::string database;  // what --confirm must name before it is overwritten
  WallTime taken{};      // when it was begun
  std::chrono::milliseconds took{0};
  std::uint64_t bytes = 0;
  std::string sha256;
  Tables tables;
  bool safety = false;   // taken before something was overwritten
  std::optional<Look> verified;  // the file is whole
  std::optional<Look> drilled;   // it was restored elsewhere, and all was there

  bool good() const { return (!verified || verified->failure.empty()) && (!drilled || drilled->failure.empty()); }
};

class Shelf {
 public:
  explicit Shelf(std::string directory) : directory_(std::move(directory)) {}

  const std::string& directory() const noexcept { return directory_; }

  // Makes the directory (0700) when it is missing, and locks it until the descriptor is closed. What a crash left unfinished is
  // removed. Slugs "backup-busy": somebody else works here; "backup-insecure": other users can reach into it.
  Result<UniqueFd> lock() const;

  // The oldest first; none when there is no directory. Descriptions that cannot be read are left out, and named in `broken`.
  Result<std::vector<Entry>> list(std::vector<std::string>* broken = nullptr) const;
  Result<Entry> find(std::string_view id) const;  // slug "unknown-backup"

  std::string file_of(const Entry& entry) const;
  std::string part_of(const Entry& entry) const;    // where it is written first
  std::string fresh_id(std::string_view target, WallTime now) const;

  // What is in part_of() becomes a backup: size and checksum are filled in. Slug "backup-too-small".
  Result<Entry> keep(Entry entry) const;
  Status note(const Entry& entry) const;            // another description
  Status remove(const Entry& entry) const;
  void drop_part(const Entry& entry) const noexcept;

  Status check_sum(const Entry& entry) const;       // slug "backup-damaged"

 private:
  std::string path(std::string_view name) const { return directory_ + "/" + std::string(name); }
  std::string directory_;
};

std::string to_json(const Entry& entry);
Result<Entry> parse_entry(std::string_view text);

// A copy of a file, private, new, on the disk.
Status copy_file(const std::string& from, const std::string& to);

}  // namespace gatehouse::backup
