// Store: the port behind which the daemon's durable data lives, in SQLite or PostgreSQL. Both run the same contract tests
// (tests/unit/state/store_contract.h).
//
// Promise: when a changing operation returns success, the change and its audit row survive a power cut; when it returns
// an error, neither is there. The one exception says so: outcome-unknown.
// Errors, the same slugs from both:
//   not-found             no such row, or a row that is referred to does not exist
//   conflict              a name or id that must be unique is taken
//   bad-request           a value that the schema refuses: transport, status, metadata that is no JSON, a text that is not
//                         UTF-8 or holds NUL
//   disk-full             nothing was changed; make room
//   database-corrupt      the database is damaged; restore a backup
//   database-busy         somebody else holds it for longer than 5 s (PostgreSQL: 10 s), or all connections are in use
//   state-unwritable      the file, its directory or the tables may not be written
//   database-unreachable  PostgreSQL: no connection, or it broke; nothing was changed
//   outcome-unknown       PostgreSQL: the connection broke during the commit, and for 10 s there was no server to ask what
//                         became of it; the change was made or not
//   database-failed       anything else, with the database's own words
//
// Thread: any; operations BLOCK (disk, network; each round trip to PostgreSQL has a deadline of 12 s), so call them on the
// offload pool, never on a loop.
// Owner: main, through state::open_store. Stop: the destructor closes the database; nothing may be running then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/state/records.h"

namespace gatehouse::state {

// How changes fare. Reads may go on while nothing can be stored.
struct WriteHealth {
  std::uint64_t failures = 0;  // changes that could not be stored, since the start
  std::string trouble;         // slug of the last of them; empty: what came after it was stored
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  // A read and the certainty that the database answers; for readiness.
  virtual Status ping() = 0;
  virtual WriteHealth write_health() = 0;  // at once, from memory
  // Stores the time of this try and no audit row: finds out whether trouble is over when nobody changes anything.
  virtual Status try_write() = 0;
  // Compares checksums and structure of everything; slow. Slug "database-corrupt" names what is wrong.
  virtual Status check_integrity() = 0;

  // Users. `add_user` gives the id; `update_user` writes every column but id, password_hash and created.
  virtual Result<std::int64_t> add_user(const User& user, const Change& change) = 0;
  virtual Status update_user(const User& user, const Change& change) = 0;
  virtual Status remove_user(std::int64_t id, const Change& change) = 0;  // and its keys
  virtual Result<User> user(std::int64_t id) = 0;
  virtual Result<User> user_named(std::string_view username) = 0;
  virtual Result<std::vector<User>> users() = 0;  // by id
  // New password by a person: the audit row, and token_generation + 1.
  virtual Status set_password_hash(std::int64_t id, std::string_view hash, const Change& change) = 0;
  // The same password under a better hash; does nothing when the stored hash is no longer `expected`.
  virtual Status upgrade_password_hash(std::int64_t id, std::string_view expected, std::string_view replacement) = 0;

  // API keys.
  virtual Result<std::int64_t> add_key(const ApiKey& key, const Change& change) = 0;
  virtual Status revoke_key(std::int64_t id, const Change& change) = 0;  // active = false
  virtual Result<ApiKey> key(std::int64_t id) = 0;
  virtual Result<std::vector<ApiKey>> keys() = 0;  // by id
  // Unknown ids are skipped; an older time does not replace a newer one.
  virtual Status record_key_use(const std::vector<std::pair<std::int64_t, WallTime>>& uses) = 0;

  // Tokens revoked before their expiry. Revoking also forgets those that expired before change.at.
  virtual Status revoke_token(const RevokedToken& token, const Change& change) = 0;
  virtual Result<std::vector<RevokedToken>> revoked_tokens() = 0;

  // Registry of MCP server templates and their instances.
  virtual Status put_template(const ServerTemplate& row, const Change& change) = 0;  // inserts or replaces; keeps created
  virtual Status remove_template(std::string_view name, const Change& change) = 0;   // and its instances
  virtual Result<std::vector<ServerTemplate>> templates() = 0;                       // by name
  virtual Status add_instance(const ServerInstance& row, const Change& change) = 0;
  virtual Status update_instance(const ServerInstance& row, const Change& change) = 0;  // all but id, template, created
  virtual Status remove_instance(std::string_view template_name, std::string_view id, const Change& change) = 0;
  virtual Result<ServerInstance> instance(std::string_view id) = 0;
  virtual Result<std::vector<ServerInstance>> instances() = 0;                       // by template, id
  virtual Status record_health(std::string_view id, std::string_view status, std::int64_t consecutive_failures,
                               WallTime at) = 0;

  // Small values of the daemon itself (its generated secret key, for example).
  virtual Result<std::optional<std::string>> setting(std::string_view name) = 0;
  virtual Status put_setting(std::string_view name, std::string_view value, const Change& change) = 0;
  // Stores the value unless there is one; returns what is stored then. Safe against a second node doing the same.
  virtual Result<std::string> setting_or_store(std::string_view name, std::string_view value, const Change& change) = 0;

  // Audit: append-only, also inside the database.
  virtual Status append_audit(const Change& change) = 0;
  // Newest first, ids below `before` (0: from the newest), at most `limit` (capped at 1000).
  virtual Result<std::vector<AuditEntry>> audit(std::int64_t before, std::size_t limit) = 0;
};

}  // namespace gatehouse::state
