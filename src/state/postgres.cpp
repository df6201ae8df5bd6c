#include "postgres.h"

#include <fcntl.h>
#include <poll.h>

#include <pqxx/pqxx>
#include <type_traits>

#include "gatehouse/base/encoding.h"
#include "postgres_errors.h"

namespace gatehouse::state {

namespace {

// Types of columns, as in PostgreSQL's catalogue.
constexpr pqxx::oid kBool = 16, kBytes = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23;

// The text forms that PostgreSQL reads; nothing is NULL.
struct InText {
  std::optional<std::string> operator()(std::monostate) const { return std::nullopt; }
  std::optional<std::string> operator()(std::int64_t number) const { return std::to_string(number); }
  std::optional<std::string> operator()(bool flag) const { return flag ? "1" : "0"; }
  std::optional<std::string> operator()(std::string_view text) const { return std::string(text); }
  std::optional<std::string> operator()(Blob blob) const { return "\\x" + encode_hex(bytes_of(blob.bytes)); }
};

Cell cell(const pqxx::field& field, pqxx::oid type) {
  if (field.is_null()) return {};
  switch (type) {
    case kBool: return std::int64_t{field.as<bool>() ? 1 : 0};
    case kInt2:
    case kInt4:
    case kInt8: return field.as<std::int64_t>();
    case kBytes: return pqxx::binarystring(field).str();
    default: return std::string(field.c_str(), field.size());
  }
}

std::vector<Row> read_rows(const pqxx::result& result) {
  std::vector<pqxx::oid> types;
  for (pqxx::row_size_type i = 0; i < result.columns(); ++i) types.push_back(result.column_type(i));
  std::vector<Row> rows;
  for (const auto& row : result) {
    std::vector<Cell> cells;
    for (pqxx::row_size_type i = 0; i < row.size(); ++i) cells.push_back(cell(row[i], types[i]));
    rows.emplace_back(std::move(cells));
  }
  return rows;
}

// libpqxx 6 keeps the SQLSTATE of some errors only in the type that it throws.
std::string sqlstate_of(const pqxx::sql_error& problem) {
  const auto is = [&]<class T>(std::type_identity<T>) { return dynamic_cast<const T*>(&problem) != nullptr; };
  if (!problem.sqlstate().empty()) return problem.sqlstate();
  if (is(std::type_identity<pqxx::insufficient_privilege>())) return "42501";
  if (is(std::type_identity<pqxx::disk_full>())) return "53100";
  if (is(std::type_identity<pqxx::unique_violation>())) return "23505";
  if (is(std::type_identity<pqxx::foreign_key_violation>())) return "23503";
  if (is(std::type_identity<pqxx::integrity_constraint_violation>())) return "23000";
  if (is(std::type_identity<pqxx::data_exception>())) return "22000";
  return {};
}

}  // namespace

struct PostgresConnection::Libpqxx {
  explicit Libpqxx(const std::string& connection_string)
      : connection(connection_string), silence(connection), session(connection) {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
    connection.inhibit_reactivation(true);  // a new connection begins outside of our transaction
#pragma clang diagnostic pop
  }

  pqxx::connection connection;
  pqxx::quiet_errorhandler silence;  // notices go nowhere: what matters is an error
  pqxx::nontransaction session;  // transactions are statements of ours: then we know which one failed
};

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresAddress& address,
                                                                     const PostgresLimits& limits, Watch& watch) {
  std::unique_ptr<Libpqxx> libpqxx;
  try {
    libpqxx = std::make_unique<Libpqxx>(std::string(address.connection_string(limits.connect).reveal()));
  } catch (const std::exception& problem) {
    return connect_error(address, problem.what());
  }
  std::unique_ptr<PostgresConnection> connection(
      new PostgresConnection(std::move(libpqxx), address.name(), limits, watch));
  if (auto ready = connection->set_up(); !ready) return std::move(ready).error();
  return connection;
}

PostgresConnection::PostgresConnection(std::unique_ptr<Libpqxx> libpqxx, std::string name, PostgresLimits limits, Watch& watch)
    : libpqxx_(std::move(libpqxx)), name_(std::move(name)), limits_(limits), watch_(watch),
      socket_(::fcntl(libpqxx_->connection.sock(), F_DUPFD_CLOEXEC, 0)) {}

// libpqxx says goodbye to the server, which may not be listening any more.
PostgresConnection::~PostgresConnection() {
  const Watch::Guard guard(watch_, socket_.get(), PostgresLimits::kMargin);
  libpqxx_.reset();
}

Status PostgresConnection::set_up() {
  const std::string statement = std::to_string(limits_.statement.count());
  const std::string settings = "SET search_path = gatehouse; SET client_min_messages = warning;"
                               " SET statement_timeout = " + statement + "; SET lock_timeout = " + statement +
                               "; SET idle_in_transaction_session_timeout = " + statement;
  if (auto set = script(settings.c_str()); !set) return set;
  auto utf8 = number("SELECT current_setting('server_encoding') = 'UTF8'");
  if (!utf8) return std::move(utf8).error();
  if (*utf8 == 1) return {};
  return make_error("database-unsupported", "database " + name_ + ": its encoding is not UTF8", "createdb --encoding=UTF8");
}

// An idle connection that the server closed shows it before anything is sent. Without asking, libpqxx 6 would find out in
// the middle of a statement, and lose the memory of its answer (make_result throws for want of an encoding).
bool PostgresConnection::hung_up() const {
  pollfd one{socket_.get(), POLLRDHUP, 0};
  return ::poll(&one, 1, 0) != 0;
}

// An answer that does not come shows in `broken`; whether it is an error of the server or of libpq, what follows does not.
template <class Work>
Status PostgresConnection::attempt(Work work) {
  collided_ = false;
  broken_ = broken_ || hung_up();
  if (broken_) return broken_error(name_, "closed by the server");
  std::string state;
  std::string words;
  try {
    const Watch::Guard guard(watch_, socket_.get(), limits_.statement + PostgresLimits::kMargin);
    work();
    return {};
  } catch (const pqxx::sql_error& problem) {
    state = sqlstate_of(problem);
    words = problem.what();
  } catch (const pqxx::transaction_rollback& problem) {
    state = "40001";
    words = problem.what();
  } catch (const pqxx::broken_connection& problem) {
    state = "08006";
    words = problem.what();
  } catch (const std::exception& problem) {
    words = problem.what();
  }
  broken_ = broken_ || ends_connection(state) || !libpqxx_->connection.is_open();
  if (broken_) return broken_error(name_, words);
  collided_ = state.starts_with("40");
  return postgres_error(name_, state, words);
}

Status PostgresConnection::script(const char* sql) {
  return attempt([&] { libpqxx_->session.exec(sql); });
}

std::string PostgresConnection::quoted_name(const std::string& identifier) const {
  return libpqxx_->connection.quote_name(identifier);
}

Result<Answer> PostgresConnection::do_run(std::string_view sql, std::span<const Parameter> parameters) {
  std::vector<std::optional<std::string>> texts;
  for (const Parameter& parameter : parameters) texts.push_back(std::visit(InText{}, parameter.value()));
  std::vector<const char*> values;
  for (const auto& text : texts) values.push_back(text ? text->c_str() : nullptr);
  Answer answer;
  auto done = attempt([&] {
    const pqxx::result result = libpqxx_->session.exec_params(std::string(sql), pqxx::prepare::make_dynamic_params(values));
    answer.rows = read_rows(result);
    answer.changed = static_cast<std::int64_t>(result.affected_rows());
  });
  if (!done) return std::move(done).error();
  return answer;
}

}  // namespace gatehouse::state
