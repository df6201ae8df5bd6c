// Database: what SqlStore and copy() ask of SQLite and PostgreSQL alike. One set of statements serves both; a driver
// brings parameters in, rows out, and its errors into the words of gatehouse/state/store.h.
//
// SQL that both understand: parameters $1, $2 …; RETURNING; ON CONFLICT; TRUE and FALSE. Texts compare bytewise.
// Thread: any, everything BLOCKS. Owner: SqlStore.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::state {

struct Blob {
  std::string_view bytes;
};

// The value of $n. Views: what it was made from outlives the call that it is given to.
class Parameter {
 public:
  using Value = std::variant<std::monostate, std::int64_t, bool, std::string_view, Blob>;

  Parameter(std::int64_t number) : value_(number) {}
  Parameter(bool flag) : value_(flag) {}
  Parameter(std::string_view text) : value_(text) {}
  Parameter(const std::string& text) : value_(std::string_view(text)) {}
  Parameter(const char* text) : value_(std::string_view(text)) {}
  Parameter(Blob blob) : value_(blob) {}
  Parameter(runtime::WallTime time) : value_(std::int64_t{time.time_since_epoch().count()}) {}
  Parameter(const std::optional<runtime::WallTime>& time) {
    if (time) value_ = std::int64_t{time->time_since_epoch().count()};
  }
  explicit Parameter(Value value) : value_(value) {}

  const Value& value() const noexcept { return value_; }

 private:
  Value value_;
};

// NULL, a number (also flags: 0, 1), or bytes.
using Cell = std::variant<std::monostate, std::int64_t, std::string>;

// Columns count from 0; asking for another kind than the statement gives is a fault of this program and aborts.
class Row {
 public:
  explicit Row(std::vector<Cell> cells) : cells_(std::move(cells)) {}
  std::int64_t integer(std::size_t column) const { return get<std::int64_t>(column); }
  bool flag(std::size_t column) const { return integer(column) != 0; }
  const std::string& text(std::size_t column) const { return get<std::string>(column); }
  runtime::WallTime time(std::size_t column) const { return runtime::WallTime(std::chrono::microseconds(integer(column))); }
  std::optional<runtime::WallTime> optional_time(std::size_t column) const {
    if (std::holds_alternative<std::monostate>(cells_.at(column))) return std::nullopt;
    return time(column);
  }
  const std::vector<Cell>& cells() const noexcept { return cells_; }

 private:
  template <class T>
  const T& get(std::size_t column) const {
    return *GATEHOUSE_CHECK_NOT_NULL(std::get_if<T>(&cells_.at(column)));
  }
  std::vector<Cell> cells_;
};

struct Answer {
  std::vector<Row> rows;
  std::int64_t changed = 0;  // rows that an INSERT, UPDATE or DELETE touched
};

// One connection in use.
class Session {
 public:
  virtual ~Session() = default;

  Result<Answer> run(std::string_view sql, std::initializer_list<Parameter> parameters = {}) {
    return run(sql, std::span(parameters.begin(), parameters.size()));
  }
  // "bad-request" when a text is one that not every database can keep, see is_storable().
  Result<Answer> run(std::string_view sql, std::span<const Parameter> parameters);

  template <class Read>
  auto query(std::string_view sql, Read read, std::initializer_list<Parameter> parameters = {})
      -> Result<std::vector<decltype(read(std::declval<const Row&>()))>> {
    auto answer = run(sql, parameters);
    if (!answer) return std::move(answer).error();
    std::vector<decltype(read(std::declval<const Row&>()))> rows;
    rows.reserve(answer->rows.size());
    for (const Row& row : answer->rows) rows.push_back(read(row));
    return rows;
  }
  // Several statements without parameters and rows, separated by ';'.
  virtual Status script(const char* sql) = 0;
  Result<std::int64_t> number(std::string_view sql, std::initializer_list<Parameter> parameters = {});  // of the first row

 private:
  virtual Result<Answer> do_run(std::string_view sql, std::span<const Parameter> parameters) = 0;
};

// What a transaction leaves behind to be known by: the id of its row in `audit`; 0: it has none, and doing its work twice
// is the same as doing it once.
using Mark = std::int64_t;

class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  virtual const std::string& name() const noexcept = 0;  // for messages; holds no password
  virtual Status ping() = 0;
  virtual Status check_integrity() = 0;

  // `work` may run again on another connection when the first broke, so it must start from nothing each time.
  virtual Status read(const std::function<Status(Session&)>& work) = 0;
  // In one transaction: committed when `work` succeeds, rolled back when it fails.
  virtual Status write(const std::function<Result<Mark>(Session&)>& work) = 0;
  // One transaction over everything, as long as it takes, by whoever may change the schema. Runs `work` once.
  virtual Status transfer(const std::function<Status(Session&)>& work) = 0;

  // The last id that was given for `table`, and the same to be continued from; within transfer().
  virtual Result<std::int64_t> last_id(Session& session, std::string_view table) = 0;
  virtual Status set_last_id(Session& session, std::string_view table, std::int64_t id) = 0;
  // "state-in-use" when a daemon is seen to be connected.
  virtual Status check_unused(Session& session) = 0;
};

// UTF-8 without NUL: what PostgreSQL keeps.
bool is_storable(std::string_view text);
// The text with every other byte replaced by U+FFFD.
std::string storable(std::string_view text);

}  // namespace gatehouse::state
