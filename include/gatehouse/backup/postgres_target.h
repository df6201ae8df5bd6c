// A PostgreSQL database as a target, by its own programs: pg_dump, pg_restore, psql, pg_amcheck, run where the database is. The code
// with which each of them ends decides.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gatehouse/backup/files.h"
#include "gatehouse/backup/target.h"

namespace gatehouse::backup {

struct Ran {
  int code = 0;         // 127: there is no such program
  std::string output;   // what did not go to `out`, 4 MiB at most
  std::string errors;   // the last 4 KiB of them
};

// Where programs run. Loop thread.
class Tools {
 public:
  virtual ~Tools() = default;
  // `in` null: nothing is read; `out` null: its output is in the value.
  virtual runtime::Task<Result<Ran>> run(std::vector<std::string> argv, Pieces in, Sink out) = 0;
};
using ToolsPtr = std::shared_ptr<Tools>;

// A server of its own for a drill, empty, in which a database of that name and user is; nobody can reach it.
class Scratch {
 public:
  virtual ~Scratch() = default;
  virtual runtime::Task<Result<ToolsPtr>> make() = 0;
  virtual runtime::Task<void> destroy() = 0;  // also after a make() that failed
};

struct PostgresOptions {
  std::string name;       // of the target
  std::string database;
  std::string user;
  std::function<std::string()> obstacle;             // see Target
  std::function<ToolsPtr()> tools;                   // null: where it is cannot be reached
  std::function<std::unique_ptr<Scratch>()> scratch;
};

TargetPtr postgres_target(Host host, PostgresOptions options);

}  // namespace gatehouse::backup
