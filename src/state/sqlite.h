// One SQLite connection as a Session: cached prepared statements, errors in the words of the store's door.
// Not thread-safe: SqliteDatabase holds its mutex around every use.
#pragma once

#include <sqlite3.h>

#include <map>
#include <memory>
#include <string>

#include "database.h"

namespace gatehouse::state {

class SqliteConnection final : public Session {
 public:
  // kStill: nobody writes it meanwhile; it is read without locks, and nothing is made beside it.
  enum class Mode { kWork, kStill };
  // Opens an existing file; makes none.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Mode mode = Mode::kWork);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection() override;

  const std::string& path() const noexcept { return path_; }

  Status script(const char* sql) override;

  // All of it in the place of what is in `target`, in one transaction there; others may write here meanwhile.
  Status copy_to(SqliteConnection& target);

  // Rolls back what was begun and not committed. A full disk or an I/O error ends a transaction inside SQLite: then there
  // is nothing left to do.
  void roll_back();

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };

  SqliteConnection(const std::string& path, sqlite3* db) : path_(path), db_(db) {}

  Result<Answer> do_run(std::string_view sql, std::span<const Parameter> parameters) override;
  Result<sqlite3_stmt*> prepared(std::string_view sql);
  Error error(int code) const;  // the last one of the connection

  std::string path_;
  sqlite3* db_;
  std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> cache_;
};

}  // namespace gatehouse::state
