// Target: something of which backups are taken. Its functions run on the loop and wait without blocking it; one of them at a time.
// Errors are values with the words of whoever refused.
#pragma once

#include <memory>
#include <string>

#include "gatehouse/backup/shelf.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::backup {

enum class Into { kScratch, kLive };

class Target {
 public:
  virtual ~Target() = default;

  virtual const std::string& name() const = 0;
  virtual Kind kind() const = 0;
  virtual const std::string& database() const = 0;
  virtual std::string obstacle() const { return {}; }  // why it cannot be backed up now; empty: it can

  virtual runtime::Task<Result<Tables>> dump(std::string file) = 0;  // makes the file, which must not exist
  virtual runtime::Task<Status> check(std::string file) = 0;         // can be read from the first byte to the last
  // Restores it where nobody works, looks at all of it, and throws it away. The tables that were there.
  virtual runtime::Task<Result<Tables>> drill(std::string file) = 0;
  virtual runtime::Task<Result<std::string>> restore(std::string file, std::string id, Into into) = 0;  // where it is now
};
using TargetPtr = std::shared_ptr<Target>;

// What a drill found against what was written down when the backup was taken, and against the backup before it: nothing may be
// missing. Empty: nothing is.
std::string missing_in(const Tables& restored, const Entry& entry, const Entry* before);

}  // namespace gatehouse::backup
