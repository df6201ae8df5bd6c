#include "sqlite.h"

#include <cerrno>
#include <string>

namespace gatehouse::state {

namespace {

constexpr int kBusyTimeoutMs = 5000;

struct Meaning {
  int code;
  const char* slug;
  const char* help;
};

constexpr const char* kRestore = "restore a backup of it, or move it away to begin with an empty one";
constexpr const char* kMakeRoom = "make room on that file system";
constexpr const char* kPermit = "the file and its directory must belong to the daemon's user and be writable";

// Extended codes first: the search takes the first row that equals the code or its primary part.
constexpr Meaning kMeanings[] = {
    {SQLITE_CONSTRAINT_FOREIGNKEY, "not-found", ""},
    {SQLITE_CONSTRAINT_UNIQUE, "conflict", ""},
    {SQLITE_CONSTRAINT_PRIMARYKEY, "conflict", ""},
    {SQLITE_CONSTRAINT_CHECK, "bad-request", ""},
    {SQLITE_FULL, "disk-full", kMakeRoom},
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

bool means_no_room(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

int last_errno(sqlite3* db, int which) {
  sqlite3_file* file = nullptr;
  int error_number = 0;
  if (sqlite3_file_control(db, "main", which, static_cast<void*>(&file)) != SQLITE_OK || file == nullptr) return 0;
  if (file->pMethods == nullptr) return 0;
  file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
  return error_number;
}

// Only ENOSPC becomes SQLITE_FULL inside SQLite; a quota or a file size limit is the same to whoever has to act. The
// rollback has overwritten the errno of the connection by now; the files remember theirs.
bool out_of_space(sqlite3* db, int code) {
  if (db == nullptr || (code & 0xff) != SQLITE_IOERR) return false;
  return means_no_room(last_errno(db, SQLITE_FCNTL_JOURNAL_POINTER)) ||
         means_no_room(last_errno(db, SQLITE_FCNTL_FILE_POINTER));
}

}  // namespace

std::string Row::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

runtime::WallTime Row::time(int column) const {
  return runtime::WallTime(std::chrono::microseconds(integer(column)));
}

std::optional<runtime::WallTime> Row::optional_time(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return time(column);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path) {
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(path, db));
  if (code != SQLITE_OK) return connection->error(code);
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return connection;
}

Connection::~Connection() {
  cache_.clear();
  sqlite3_close(db_);
}

Error Connection::error(int code) const {
  const std::string words = db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_);
  std::string message = "database " + path_ + ": " + words;
  if (out_of_space(db_, code)) return make_error("disk-full", std::move(message), kMakeRoom);
  const Meaning* meaning = meaning_of(code);
  if (meaning == nullptr) return make_error("database-failed", std::move(message));
  return make_error(meaning->slug, std::move(message), meaning->help);
}

Status Connection::execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return {};
}

Result<sqlite3_stmt*> Connection::prepared(const char* sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) return found->second.get();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  cache_.emplace(sql, statement);
  return statement;
}

Result<bool> Connection::step(Use& use) {
  const int code = sqlite3_step(use.statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error(code);
}

Connection::Use::~Use() {
  if (statement == nullptr) return;
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
}

int Connection::bind(sqlite3_stmt* statement, int index, std::int64_t value) {
  return sqlite3_bind_int64(statement, index, value);
}

// The caller's bytes outlive the step: arguments are references into the calling expression. A null pointer would bind
// NULL, so an empty text has an address of its own.
int Connection::bind(sqlite3_stmt* statement, int index, std::string_view value) {
  return sqlite3_bind_text64(statement, index, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                             SQLITE_UTF8);
}

int Connection::bind(sqlite3_stmt* statement, int index, Blob value) {
  const void* bytes = value.bytes.empty() ? "" : value.bytes.data();
  return sqlite3_bind_blob64(statement, index, bytes, value.bytes.size(), SQLITE_STATIC);
}

int Connection::bind(sqlite3_stmt* statement, int index, runtime::WallTime value) {
  return sqlite3_bind_int64(statement, index, value.time_since_epoch().count());
}

int Connection::bind(sqlite3_stmt* statement, int index, const std::optional<runtime::WallTime>& value) {
  return value ? bind(statement, index, *value) : sqlite3_bind_null(statement, index);
}

Result<Transaction> Transaction::begin(Connection& db) {
  if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) return std::move(begun).error();
  return Transaction(db);
}

// A full disk or an I/O error ends the transaction inside SQLite; then there is nothing left to roll back.
Transaction::~Transaction() {
  if (db_ != nullptr && sqlite3_get_autocommit(db_->handle()) == 0) (void)db_->run("ROLLBACK");
}

Status Transaction::commit() {
  if (auto done = db_->run("COMMIT"); !done) return std::move(done).error();
  db_ = nullptr;
  return {};
}

}  // namespace gatehouse::state
