#include "gatehouse/backup/sqlite_target.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "away.h"
#include "disk.h"
#include "gatehouse/state/backup.h"

namespace gatehouse::backup {

namespace {

Tables exactly(const state::RowCounts& counts) {
  Tables out;
  for (const auto& [name, rows] : counts) out[name] = {rows, rows};
  return out;
}

Result<Tables> copy_and_count(const std::string& from, const std::string& to) {
  if (Status copied = state::copy_sqlite(from, to); !copied) return std::move(copied).error();
  auto counts = state::count_sqlite(to);
  if (!counts) return std::move(counts).error();
  return exactly(*counts);
}

// The files that a database in use makes beside itself, too.
void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal", ".lock"}) ::unlink((path + suffix).c_str());
}

Result<Tables> try_a_copy(const std::string& file, runtime::Clock& clock) {
  const std::string copy = file + ".drill.part";
  remove_database(copy);
  Status copied = copy_file(file, copy);
  auto counts = copied ? state::try_sqlite(copy, clock) : Result<state::RowCounts>(copied.error());
  remove_database(copy);
  if (!counts) return std::move(counts).error();
  return exactly(*counts);
}

Result<std::string> put_into(const std::string& file, const std::string& scratch, const std::string& id) {
  if (::mkdir(scratch.c_str(), 0700) != 0 && errno != EEXIST) return write_error(scratch, errno);
  const std::string copy = scratch + "/" + id + ".db";
  remove_database(copy);
  if (Status copied = copy_file(file, copy); !copied) return std::move(copied).error();
  return copy;
}

Result<std::string> put_in_place(const std::string& file, const std::string& database) {
  if (Status restored = state::restore_sqlite(file, database); !restored) return std::move(restored).error();
  return database;
}

class SqliteTarget final : public Target {
 public:
  SqliteTarget(Host host, std::string name, std::string path, std::string scratch)
      : host_(host), name_(std::move(name)), path_(std::move(path)), scratch_(std::move(scratch)),
        database_(std::filesystem::path(path_).filename().string()) {}

  const std::string& name() const override { return name_; }
  Kind kind() const override { return Kind::kSqlite; }
  const std::string& database() const override { return database_; }

  runtime::Task<Result<Tables>> dump(std::string file) override {
    return away(host_, [from = path_, to = std::move(file)] { return copy_and_count(from, to); });
  }
  runtime::Task<Status> check(std::string file) override {
    return away(host_, [file = std::move(file)] { return state::check_sqlite(file); });
  }
  runtime::Task<Result<Tables>> drill(std::string file) override {
    return away(host_, [file = std::move(file), &clock = host_.clock] { return try_a_copy(file, clock); });
  }
  runtime::Task<Result<std::string>> restore(std::string file, std::string id, Into into) override {
    return away(host_, [file = std::move(file), id = std::move(id), into, scratch = scratch_, path = path_] {
      return into == Into::kScratch ? put_into(file, scratch, id) : put_in_place(file, path);
    });
  }

 private:
  Host host_;
  std::string name_, path_, scratch_, database_;
};

}  // namespace

TargetPtr sqlite_target(Host host, std::string name, std::string database, std::string scratch) {
  return std::make_shared<SqliteTarget>(host, std::move(name), std::move(database), std::move(scratch));
}

}  // namespace gatehouse::backup
