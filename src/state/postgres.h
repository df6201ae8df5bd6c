// One PostgreSQL connection as a Session, by libpqxx: errors in the words of the store's door, no silent reconnecting, a
// deadline for every round trip. Not thread-safe: whoever holds it uses it alone.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "database.h"
#include "postgres_address.h"
#include "postgres_watch.h"

namespace gatehouse::state {

struct PostgresLimits {
  std::chrono::seconds connect{5};              // for each address that the host's name has
  std::chrono::milliseconds statement{10'000};  // the server gives up; a round trip may take kMargin longer
  static constexpr std::chrono::milliseconds kMargin{2'000};
};

class PostgresConnection final : public Session {
 public:
  // Slug "database-unreachable"; "database-unsupported" when the database does not keep UTF-8.
  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresAddress& address, const PostgresLimits& limits,
                                                          Watch& watch);
  ~PostgresConnection() override;

  Status script(const char* sql) override;
  std::string quoted_name(const std::string& identifier) const;

  // It is of no use any more. What was under way is rolled back, unless it was a COMMIT.
  bool broken() const noexcept { return broken_; }
  // The last error was a deadlock or the like: the transaction is rolled back and may be tried again.
  bool collided() const noexcept { return collided_; }

 private:
  struct Libpqxx;
  PostgresConnection(std::unique_ptr<Libpqxx> libpqxx, std::string name, PostgresLimits limits, Watch& watch);

  Result<Answer> do_run(std::string_view sql, std::span<const Parameter> parameters) override;
  template <class Work>
  Status attempt(Work work);
  Status set_up();
  bool hung_up() const;

  std::unique_ptr<Libpqxx> libpqxx_;
  std::string name_;
  PostgresLimits limits_;
  Watch& watch_;
  UniqueFd socket_;  // a copy for the watch: libpq closes its own whenever it likes
  bool broken_ = false;
  bool collided_ = false;
};

}  // namespace gatehouse::state
