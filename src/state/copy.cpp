#include "gatehouse/state/copy.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "gatehouse/state/open.h"
#include "open_database.h"
#include "tables.h"

namespace gatehouse::state {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRowsAtOnce = 500;

Parameter parameter(const Cell& cell, bool bytes) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* text = std::get_if<std::string>(&cell)) return bytes ? Parameter(Blob{*text}) : Parameter(*text);
  return Parameter(Parameter::Value());
}

// The rows of one table by its key, some at a time.
class Reader {
 public:
  Reader(Session& session, const Table& table)
      : session_(session), select_("SELECT " + std::string(table.columns) + " FROM " + table.name),
        key_(std::string_view(table.columns).substr(0, std::string_view(table.columns).find(','))) {}

  Result<std::vector<Row>> next() {
    const std::string order = " ORDER BY " + key_ + " LIMIT " + std::to_string(kRowsAtOnce);
    auto answer = last_ ? session_.run(select_ + " WHERE " + key_ + " > $1" + order, {parameter(*last_, false)})
                        : session_.run(select_ + order);
    if (!answer) return std::move(answer).error();
    if (!answer->rows.empty()) last_ = answer->rows.back().cells().front();
    return std::move(answer->rows);
  }

 private:
  Session& session_;
  std::string select_;
  std::string key_;
  std::optional<Cell> last_;
};

std::string insert_statement(const Table& table, std::size_t rows, std::size_t columns) {
  std::string sql = "INSERT INTO " + std::string(table.name) + " (" + table.columns + ") VALUES ";
  for (std::size_t i = 0; i < rows * columns; ++i) {
    sql += i % columns != 0 ? ", " : i == 0 ? "(" : "), (";
    sql += "$" + std::to_string(i + 1);
  }
  return sql + ")";
}

Status write(Session& target, const Table& table, const std::vector<Row>& rows) {
  const std::size_t columns = rows.front().cells().size();
  std::vector<Parameter> parameters;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < columns; ++i) {
      parameters.push_back(parameter(row.cells()[i], static_cast<int>(i) == table.bytes));
    }
  }
  auto answer = target.run(insert_statement(table, rows.size(), columns), parameters);
  return answer ? Status() : std::move(answer).error().context("table " + std::string(table.name));
}

Result<std::int64_t> copy_rows(Session& source, Session& target, const Table& table) {
  std::int64_t count = 0;
  for (Reader reader(source, table);;) {
    auto rows = reader.next();
    if (!rows) return std::move(rows).error();
    if (rows->empty()) return count;
    if (auto written = write(target, table, *rows); !written) return std::move(written).error();
    count += static_cast<std::int64_t>(rows->size());
  }
}

Status compare(Session& source, Session& target, const Table& table) {
  Reader left(source, table);
  Reader right(target, table);
  while (true) {
    auto ours = left.next();
    if (!ours) return std::move(ours).error();
    auto theirs = right.next();
    if (!theirs) return std::move(theirs).error();
    const bool same = std::equal(ours->begin(), ours->end(), theirs->begin(), theirs->end(),
                                 [](const Row& a, const Row& b) { return a.cells() == b.cells(); });
    if (!same) {
      return make_error("copy-differs", "table " + std::string(table.name) + " reads back other than it was written",
                        "nothing was kept; check both databases");
    }
    if (ours->empty()) return {};
  }
}

Status check_empty(Session& target, const std::string& name) {
  for (const Table& table : tables()) {
    auto rows = target.number("SELECT count(*) FROM " + std::string(table.name));
    if (!rows) return std::move(rows).error();
    if (*rows == 0) continue;
    return make_error("target-not-empty",
                      "database " + name + ": table " + table.name + " has " + std::to_string(*rows) + " rows already",
                      "name an empty database: nothing is ever overwritten");
  }
  return {};
}

struct Side {
  Database& database;
  Session& session;
};

// Ids that were given in either are not given again. The last step: PostgreSQL does not roll it back.
Status continue_ids(const Side& from, const Side& to, const Table& table) {
  auto given = from.database.last_id(from.session, table.name);
  if (!given) return std::move(given).error();
  auto before = to.database.last_id(to.session, table.name);
  if (!before) return std::move(before).error();
  return to.database.set_last_id(to.session, table.name, std::max(*given, *before));
}

Status copy_table(const Side& from, const Side& to, const Table& table, std::vector<CopiedTable>& copied) {
  auto rows = copy_rows(from.session, to.session, table);
  if (!rows) return std::move(rows).error();
  if (auto same = compare(from.session, to.session, table); !same) return same;
  copied.push_back({table.name, *rows});
  return {};
}

Status copy_all(const Side& from, const Side& to, std::vector<CopiedTable>& copied) {
  for (const Side* side : {&from, &to}) {
    if (auto unused = side->database.check_unused(side->session); !unused) return unused;
  }
  if (auto empty = check_empty(to.session, to.database.name()); !empty) return empty;
  for (const Table& table : tables()) {
    if (auto done = copy_table(from, to, table, copied); !done) return done;
  }
  for (const Table& table : tables()) {
    if (!table.numbered) continue;
    if (auto done = continue_ids(from, to, table); !done) return done;
  }
  return {};
}

// Directories that a daemon would lock: the one of the settings, and any in which a SQLite file lies.
Result<std::set<std::string>> state_directories(const Settings& from, const Settings& to) {
  std::set<std::string> found;
  std::error_code ignored;
  const auto add = [&](const std::string& directory) {
    if (fs::exists(directory + "/gatehouse.lock", ignored)) found.insert(fs::weakly_canonical(directory, ignored).string());
  };
  for (const Settings* settings : {&from, &to}) {
    add(settings->directory);
    if (means_postgres(*settings)) continue;
    auto path = database_path(*settings, settings->directory);
    if (!path) return std::move(path).error();
    add(fs::path(*path).parent_path().string());
    if (settings != &from || ::access(path->c_str(), F_OK) == 0) continue;
    return make_error("not-found", "there is no database " + *path, "name the file to copy from as sqlite:/its/whole/path");
  }
  return found;
}

// A second connection to one SQLite file would meet the lock of the first.
bool names(const Settings& settings, const Database& database) {
  if (means_postgres(settings)) return false;
  auto path = database_path(settings, settings.directory);
  std::error_code code;
  return path && fs::equivalent(*path, database.name(), code) && !code;
}

}  // namespace

Result<std::vector<CopiedTable>> copy(const Settings& from, const Settings& to, runtime::Clock& clock) {
  auto directories = state_directories(from, to);
  if (!directories) return std::move(directories).error();
  std::vector<StateDirectory> locked;
  for (const std::string& directory : *directories) {
    auto one = StateDirectory::open(directory);
    if (!one) return std::move(one).error();
    locked.push_back(*std::move(one));
  }
  auto source = open_database(from, from.directory, clock, "gatehouse state copy");
  if (!source) return std::move(source).error().context("from");
  if (names(to, **source)) return make_error("same-database", "from and to are the same database");
  auto target = open_database(to, to.directory, clock, "gatehouse state copy");
  if (!target) return std::move(target).error().context("to");
  if ((*source)->name() == (*target)->name()) return make_error("same-database", "from and to are the same database");
  std::vector<CopiedTable> copied;
  const Status done = (*source)->transfer([&](Session& reading) {
    return (*target)->transfer([&](Session& writing) {
      return copy_all({**source, reading}, {**target, writing}, copied);
    });
  });
  if (!done) return done.error();
  return copied;
}

}  // namespace gatehouse::state
