#include "sqlite.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "file_errors.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::state {

namespace {

constexpr int kBusyTimeoutMs = 5000;

struct Meaning {
  int code;
  const char* slug;
  const char* help;
};

constexpr const char* kRestore = "restore a backup of it, or move it away to begin with an empty one";
constexpr const char* kPermit = "the file and its directory must belong to the daemon's user and be writable";
constexpr const char* kReplaced = "the file was moved or replaced under the running daemon: start it again";

// Extended codes first: the search takes the first row that equals the code or its primary part.
constexpr Meaning kMeanings[] = {
    {SQLITE_CONSTRAINT_FOREIGNKEY, "not-found", ""},
    {SQLITE_CONSTRAINT_UNIQUE, "conflict", ""},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "conflict", ""},
    {SQLITE_CONSTRAINT_CHECK, "bad-request", ""},
    {SQLITE_READONLY_DBMOVED, "state-unwritable", kReplaced},
    {SQLITE_CORRUPT, "database-corrupt", kRestore},
    {SQLITE_NOTADB, "database-corrupt", kRestore},
    {SQLITE_BUSY, "database-busy", "another process holds the database open; stop it"},
    {SQLITE_LOCKED, "database-busy", "another process holds the database open; stop it"},
    {SQLITE_CANTOPEN, "state-unwritable", kPermit},
    {SQLITE_READONLY, "state-unwritable", kPermit},
    {SQLITE_PERM, "state-unwritable", kPermit},
};

const Meaning* meaning_of(int code) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.code == code || meaning.code == (code & 0xff)) return &meaning;
  }
  return nullptr;
}

int last_errno(sqlite3* db, int which) {
  sqlite3_file* file = nullptr;
  int error_number = 0;
  if (sqlite3_file_control(db, "main", which, static_cast<void*>(&file)) != SQLITE_OK || file == nullptr) return 0;
  if (file->pMethods == nullptr) return 0;
  file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
  return error_number;
}

struct Obstacle {
  int error_number = 0;  // 0: none is known
  std::string file;
};

bool is_about_files(int code) {
  constexpr std::array kCodes{SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM};
  return code != SQLITE_READONLY_DBMOVED && std::find(kCodes.begin(), kCodes.end(), code & 0xff) != kCodes.end();
}

bool is_about_shared_memory(int code) {
  return code == SQLITE_IOERR_SHMOPEN || code == SQLITE_IOERR_SHMSIZE ||
         code == SQLITE_IOERR_SHMMAP || code == SQLITE_IOERR_SHMLOCK;
}

bool says_who_must_act(int error_number) {
  return means_no_room(error_number) || error_number == EROFS || error_number == EACCES || error_number == EPERM;
}

// Only ENOSPC in a write becomes SQLITE_FULL inside SQLite; a quota or a file size limit is the same to whoever has to act.
// A rollback has overwritten the errno of the connection; the files remember theirs. Failing all, the file system is asked.
Obstacle find_obstacle(sqlite3* db, const std::string& path, int code) {
  const std::string log = path + "-wal";
  const std::string write_ahead = ::access(log.c_str(), F_OK) == 0 ? log : path;
  if ((code & 0xff) == SQLITE_FULL) return {ENOSPC, write_ahead};
  const Obstacle candidates[] = {
      {is_about_shared_memory(code) ? sqlite3_system_errno(db) : 0, path + "-shm"},
      {last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER), write_ahead},
      {last_errno(db, SQLITE_FCNTL_FILE_POINTER), path},
      {sqlite3_system_errno(db), path},
      {obstacle_to_writing(path), is_about_shared_memory(code) ? path + "-shm" : path},
  };
  for (const Obstacle& one : candidates) {
    if (says_who_must_act(one.error_number)) return one;
  }
  return {};
}

// A statement in use; reset when it goes, so that it holds no lock.
struct Use {
  explicit Use(sqlite3_stmt* s) noexcept : statement(s) {}
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
  sqlite3_stmt* statement;
};

// The caller's bytes outlive the step. A null pointer would bind NULL, so an empty text has an address of its own.
struct Bind {
  sqlite3_stmt* statement;
  int index;

  int operator()(std::monostate) const { return sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
  int operator()(bool flag) const { return sqlite3_bind_int64(statement, index, flag ? 1 : 0); }
  int operator()(std::string_view text) const {
    return sqlite3_bind_text64(statement, index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  int operator()(Blob blob) const {
    const void* bytes = blob.bytes.empty() ? "" : blob.bytes.data();
    return sqlite3_bind_blob64(statement, index, bytes, blob.bytes.size(), SQLITE_STATIC);
  }
};

Cell cell(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL: return {};
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, column)};
    default: break;
  }
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

Row read_row(sqlite3_stmt* statement) {
  std::vector<Cell> cells;
  const int columns = sqlite3_column_count(statement);
  for (int i = 0; i < columns; ++i) cells.push_back(cell(statement, i));
  return Row(std::move(cells));
}

std::string still_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') (uri += '%') += encode_hex(bytes_of(std::string_view(&c, 1)));
    else uri += c;
  }
  return uri + "?immutable=1";
}

// "$1" would be a name that counts in the order of appearance; "?1" is a number.
std::string numbered(std::string_view sql) {
  std::string out(sql);
  for (char& c : out) {
    if (c == '$') c = '?';
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path, Mode mode) {
  sqlite3* db = nullptr;
  const bool still = mode == Mode::kStill;
  const int flags = (still ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(still ? still_uri(path).c_str() : path.c_str(), &db, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, db));
  if (code != SQLITE_OK) return connection->error(code);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

SqliteConnection::~SqliteConnection() {
  cache_.clear();
  sqlite3_close(db_);
}

Error SqliteConnection::error(int code) const {
  std::string message = "database " + path_ + ": " + (db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_));
  const Obstacle obstacle = db_ != nullptr && is_about_files(code) ? find_obstacle(db_, path_, code) : Obstacle{};
  if (obstacle.error_number != 0) {
    return file_error(std::move(message) + ": cannot write " + obstacle.file, obstacle.file, obstacle.error_number);
  }
  const Meaning* meaning = meaning_of(code);
  if (meaning == nullptr) return make_error("database-failed", std::move(message));
  return make_error(meaning->slug, std::move(message), meaning->help);
}

Status SqliteConnection::script(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

// In one step: a copy in several would begin anew whenever somebody writes in between.
Status SqliteConnection::copy_to(SqliteConnection& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.db_, "main", db_, "main");
  if (backup == nullptr) return target.error(sqlite3_extended_errcode(target.db_));
  sqlite3_backup_step(backup, -1);
  const int code = sqlite3_backup_finish(backup);
  return code == SQLITE_OK ? Status() : Status(target.error(code));
}

void SqliteConnection::roll_back() {
  if (sqlite3_get_autocommit(db_) == 0) (void)run("ROLLBACK");
}

Result<sqlite3_stmt*> SqliteConnection::prepared(std::string_view sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, numbered(sql).c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  cache_.emplace(sql, statement);
  return statement;
}

Result<Answer> SqliteConnection::do_run(std::string_view sql, std::span<const Parameter> parameters) {
  auto statement = prepared(sql);
  if (!statement) return std::move(statement).error();
  const Use use(*statement);
  int index = 0;
  for (const Parameter& parameter : parameters) {
    const int code = std::visit(Bind{use.statement, ++index}, parameter.value());
    if (code != SQLITE_OK) return error(code);
  }
  const int before = sqlite3_total_changes(db_);
  Answer answer;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(use.statement)) == SQLITE_ROW) answer.rows.push_back(read_row(use.statement));
  if (code != SQLITE_DONE) return error(code);
  answer.changed = sqlite3_total_changes(db_) == before ? 0 : sqlite3_changes(db_);
  return answer;
}

}  // namespace gatehouse::state
