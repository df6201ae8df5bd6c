#include "postgres_database.h"

#include "gatehouse/base/log.h"
#include "postgres_migrations.h"

namespace gatehouse::state {

namespace {

constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kAskAgain{200};
// What nobody waits for: migrations, copies, checks of everything.
constexpr PostgresLimits kLong{.connect = std::chrono::seconds(5), .statement = std::chrono::minutes(10)};

Status in_transaction(PostgresConnection& connection, const char* begin, const std::function<Status(Session&)>& work) {
  if (auto begun = connection.run(begin); !begun) return std::move(begun).error();
  Status done = work(connection);
  if (done) {
    auto committed = connection.run("COMMIT");
    return committed ? Status() : std::move(committed).error();
  }
  if (!connection.broken()) (void)connection.run("ROLLBACK");
  return done;
}

Error outcome_unknown(const std::string& name) {
  return make_error("outcome-unknown",
                    "database " + name + ": the connection broke while a change was being committed, and the database could "
                    "not be asked afterwards: it may have been made or not",
                    "look whether the change is there before you repeat it");
}

}  // namespace

PostgresDatabase::PostgresDatabase(const PostgresRoles& roles, const PoolLimits& limits, runtime::Clock& clock)
    : roles_(roles), name_(roles.application.name()), limits_(limits), clock_(clock), watch_(clock),
      pool_(roles.application, limits, watch_, clock) {}

Result<std::unique_ptr<Database>> PostgresDatabase::open(const PostgresRoles& roles, const PoolLimits& limits,
                                                         runtime::Clock& clock) {
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(roles, limits, clock));
  if (!is_this_machine(roles.application.host) && roles.application.sslmode != "verify-full") {
    log::warn("state", "state.database.unverified", "connection to the database does not prove whom it reaches",
              {{"database", database->name()}, {"sslmode", roles.application.sslmode}});
  }
  {
    auto owner = database->connect_as_owner();
    if (!owner) return std::move(owner).error();
    auto migrated = in_transaction(**owner, "BEGIN", [&](Session&) {
      return migrate_postgres(**owner, database->name(), roles.application.user, roles.owner.user, clock.wall());
    });
    if (!migrated) return std::move(migrated).error();
  }
  if (auto answers = database->ping(); !answers) return std::move(answers).error();
  return std::unique_ptr<Database>(std::move(database));
}

Result<std::unique_ptr<PostgresConnection>> PostgresDatabase::connect_as_owner() {
  return PostgresConnection::open(roles_.owner, {.connect = limits_.connection.connect, .statement = kLong.statement}, watch_);
}

Status PostgresDatabase::ping() {
  return read([this](Session& session) -> Status {
    auto versions = session.number("SELECT count(*) FROM schema_migrations");
    if (!versions) return std::move(versions).error();
    auto read_only = session.number("SELECT current_setting('transaction_read_only') = 'on'");
    if (!read_only) return std::move(read_only).error();
    if (*read_only == 0) return {};
    return make_error("state-unwritable", "database " + name_ + ": the server is read-only",
                      "a standby, or default_transaction_read_only is on");
  });
}

Status PostgresDatabase::check_integrity() {
  return transfer([this](Session& session) { return check_postgres(session, name_); });
}

Status PostgresDatabase::read(const std::function<Status(Session&)>& work) {
  for (int attempt = 1;; ++attempt) {
    auto lease = pool_.take();
    if (!lease) return std::move(lease).error();
    Status done = work(**lease);
    if (done || !(**lease).broken() || attempt == kAttempts) return done;
  }
}

Status PostgresDatabase::write(const std::function<Result<Mark>(Session&)>& work) {
  for (int attempt = 1;; ++attempt) {
    Attempt tried = try_write(work);
    if (!tried.again || attempt == kAttempts) return std::move(tried.status);
  }
}

PostgresDatabase::Attempt PostgresDatabase::try_write(const std::function<Result<Mark>(Session&)>& work) {
  Mark mark = 0;
  std::int64_t transaction = 0;
  Status committed;
  {
    auto lease = pool_.take();
    if (!lease) return {std::move(lease).error()};
    PostgresConnection& connection = **lease;
    Status begun;
    if (auto answer = connection.run("BEGIN"); !answer) begun = std::move(answer).error();
    auto done = begun ? work(connection) : Result<Mark>(std::move(begun).error());
    if (!done) {
      const bool again = connection.broken() || connection.collided();
      if (!connection.broken()) (void)connection.run("ROLLBACK");
      return {std::move(done).error(), again};
    }
    mark = *done;
    committed = commit(connection, mark, transaction);
    if (committed) return {};
    if (!connection.broken()) return {std::move(committed), connection.collided()};
  }
  if (mark == 0 || transaction == 0) return {std::move(committed), true};
  switch (ask(transaction, mark)) {
    case End::kCommitted: return {};
    case End::kRolledBack: return {std::move(committed), true};
    case End::kUnknown: return {outcome_unknown(name_)};
  }
  return {outcome_unknown(name_)};
}

// `transaction` is set as soon as COMMIT may have reached the server.
Status PostgresDatabase::commit(PostgresConnection& connection, Mark mark, std::int64_t& transaction) {
  std::int64_t number = 0;
  if (mark != 0) {
    auto asked = connection.number("SELECT txid_current()");
    if (!asked) return std::move(asked).error();
    number = *asked;
  }
  auto done = connection.run("COMMIT");
  if (done) return {};
  transaction = number;
  return std::move(done).error();
}

// While the server still works on it, the row is not visible; afterwards the row decides. Its xmin tells it from a row of
// the same id that another transaction wrote, on a standby that took over without having heard of ours.
PostgresDatabase::End PostgresDatabase::ask(std::int64_t transaction, Mark mark) {
  const runtime::SteadyTime deadline = clock_.now() + limits_.ask;
  for (auto rest = limits_.ask; rest.count() > 0 && clock_.now() < deadline; rest -= kAskAgain) {
    std::optional<End> end;
    const Status asked = read([&](Session& session) -> Status {
      auto running = session.number("SELECT coalesce(txid_status($1), '') = 'in progress'", {transaction});
      if (running && *running == 1) return {};
      if (!running && running.error().slug != "bad-request") return std::move(running).error();  // a number yet to come
      auto found = session.number("SELECT count(*) FROM audit WHERE id = $1 AND xmin::text::bigint = $2 % 4294967296",
                                  {mark, transaction});
      if (!found) return std::move(found).error();
      end = *found == 1 ? End::kCommitted : End::kRolledBack;
      return {};
    });
    if (end && asked) {
      log::warn("state", "state.commit.interrupted", "connection broke in a commit; the database was asked what became of it",
                {{"database", name_}, {"committed", *end == End::kCommitted}});
      return *end;
    }
    pool_.wait_a_moment(kAskAgain);
  }
  return End::kUnknown;
}

Status PostgresDatabase::transfer(const std::function<Status(Session&)>& work) {
  auto connection = connect_as_owner();
  if (!connection) return std::move(connection).error();
  bool worked = false;
  Status done = in_transaction(**connection, "BEGIN ISOLATION LEVEL REPEATABLE READ", [&](Session& session) {
    Status status = work(session);
    worked = status.ok();
    return status;
  });
  if (!done && worked && (**connection).broken()) return outcome_unknown(name_);
  return done;
}

Result<std::int64_t> PostgresDatabase::last_id(Session& session, std::string_view table) {
  return session.number("SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence($1, 'id')::regclass), 0)", {table});
}

Status PostgresDatabase::set_last_id(Session& session, std::string_view table, std::int64_t id) {
  if (id == 0) return {};
  auto set = session.run("SELECT setval(pg_get_serial_sequence($1, 'id')::regclass, $2)", {table, id});
  return set ? Status() : std::move(set).error();
}

Status PostgresDatabase::check_unused(Session& session) {
  auto others = session.number(
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse'");
  if (!others) return std::move(others).error();
  if (*others == 0) return {};
  return make_error("state-in-use", "database " + name_ + ": is in use by another gatehouse", "stop it first");
}

}  // namespace gatehouse::state
