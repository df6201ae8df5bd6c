// A thin layer on one SQLite connection: cached prepared statements, typed parameters and columns, errors as values.
// Not thread-safe: SqliteStore holds its mutex around every use.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::state {

struct Blob {
  std::string_view bytes;
};

// One row of a running query; columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) noexcept : statement_(statement) {}
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool flag(int column) const { return integer(column) != 0; }
  std::string text(int column) const;
  runtime::WallTime time(int column) const;
  std::optional<runtime::WallTime> optional_time(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  // Opens an existing file; makes none.
  static Result<std::unique_ptr<Connection>> open(const std::string& path);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  const std::string& path() const noexcept { return path_; }
  sqlite3* handle() const noexcept { return db_; }

  // Statements without parameters and results, separated by ';'. Not cached.
  Status execute(const char* sql);

  // `sql` must be a literal: its address is the key of the cache.
  template <class... Args>
  Result<std::int64_t> run(const char* sql, const Args&... args) {  // rows changed
    auto ready = start(sql, args...);
    if (!ready) return std::move(ready).error();
    if (auto done = step(*ready); !done) return std::move(done).error();
    return std::int64_t{sqlite3_changes(db_)};
  }
  template <class... Args>
  Result<std::int64_t> insert(const char* sql, const Args&... args) {  // id of the new row
    auto changed = run(sql, args...);
    if (!changed) return changed;
    return std::int64_t{sqlite3_last_insert_rowid(db_)};
  }
  template <class Read, class... Args>
  auto query(const char* sql, Read read, const Args&... args)
      -> Result<std::vector<decltype(read(std::declval<const Row&>()))>> {
    auto ready = start(sql, args...);
    if (!ready) return std::move(ready).error();
    std::vector<decltype(read(std::declval<const Row&>()))> rows;
    while (true) {
      auto more = step(*ready);
      if (!more) return std::move(more).error();
      if (!*more) return rows;
      rows.push_back(read(Row(ready->statement)));
    }
  }

  // The last error of the connection in the words of the store's door.
  Error error(int code) const;

 private:
  // A statement in use; reset when it goes, so that it holds no lock.
  struct Use {
    explicit Use(sqlite3_stmt* s) noexcept : statement(s) {}
    Use(Use&& other) noexcept : statement(std::exchange(other.statement, nullptr)) {}
    Use& operator=(Use&&) = delete;
    ~Use();
    sqlite3_stmt* statement;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };

  Connection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}

  template <class... Args>
  Result<Use> start(const char* sql, const Args&... args) {
    auto statement = prepared(sql);
    if (!statement) return std::move(statement).error();
    Use use(*statement);
    int index = 0;
    int code = SQLITE_OK;
    ((code = code == SQLITE_OK ? bind(use.statement, ++index, args) : code), ...);
    if (code != SQLITE_OK) return error(code);
    return use;
  }
  Result<sqlite3_stmt*> prepared(const char* sql);
  Result<bool> step(Use& use);  // true: there is a row

  static int bind(sqlite3_stmt* statement, int index, std::int64_t value);
  static int bind(sqlite3_stmt* statement, int index, std::string_view value);
  static int bind(sqlite3_stmt* statement, int index, Blob value);
  static int bind(sqlite3_stmt* statement, int index, runtime::WallTime value);
  static int bind(sqlite3_stmt* statement, int index, const std::optional<runtime::WallTime>& value);

  std::string path_;
  sqlite3* db_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> cache_;
};

// BEGIN IMMEDIATE … COMMIT; what is not committed is rolled back.
class Transaction {
 public:
  static Result<Transaction> begin(Connection& db);
  Transaction(Transaction&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Connection& db) : db_(&db) {}
  Connection* db_;
};

}  // namespace gatehouse::state
