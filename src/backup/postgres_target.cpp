#include "gatehouse/backup/postgres_target.h"

#include <algorithm>
#include <charconv>

namespace gatehouse::backup {

namespace {

using Argv = std::vector<std::string>;

// Every table that somebody made, one line each: schema.table, a tab, its rows. The second statement is written by the first.
constexpr const char* kCount =
    "SELECT format('SELECT %L || chr(9) || count(*) FROM %I.%I', n.nspname || '.' || c.relname, n.nspname, c.relname) "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' "
    "AND n.nspname <> 'information_schema' ORDER BY 1 \\gexec\n";

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Error failed(const std::string& program, const Ran& ran) {
  if (ran.code == 127) return make_error("no-such-program", "there is no " + program + " where the database is");
  return make_error("program-failed", program + " ended with code " + std::to_string(ran.code) + ": " + first_line(ran.errors));
}

Result<Tables> parse_counts(const std::string& text) {
  Tables out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    const std::size_t tab = line.rfind('\t');
    std::int64_t rows = 0;
    if (line.empty()) continue;
    const std::string_view number = tab == line.npos ? std::string_view() : line.substr(tab + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), rows).ec != std::errc())
      return make_error("program-failed", "psql says something else than rows of a table: " + std::string(line));
    out[std::string(line.substr(0, tab))] = {rows, rows};
  }
  return out;
}

// A text, once.
Pieces said(std::string text) {
  struct Once {
    static runtime::Task<Result<std::string>> next(std::shared_ptr<std::string> text) { co_return std::exchange(*text, {}); }
  };
  return [shared = std::make_shared<std::string>(std::move(text))] { return Once::next(shared); };
}

class PostgresTarget final : public Target {
 public:
  PostgresTarget(Host host, PostgresOptions options) : host_(host), options_(std::move(options)) {}

  const std::string& name() const override { return options_.name; }
  Kind kind() const override { return Kind::kPostgres; }
  const std::string& database() const override { return options_.database; }
  std::string obstacle() const override { return options_.obstacle(); }

  runtime::Task<Result<Tables>> dump(std::string file) override {
    const ToolsPtr tools = options_.tools();
    if (tools == nullptr) co_return not_ready();
    auto counting = count(tools);
    auto before = co_await counting;
    if (!before) co_return before;
    auto dumping = run(tools, with_database("pg_dump", {"-Fc"}), nullptr, write_pieces(host_, std::move(file)));
    if (auto dumped = co_await dumping; !dumped) co_return std::move(dumped).error();
    auto again = count(tools);
    auto after = co_await again;
    if (!after) co_return after;
    // What is in only one of them was made or dropped meanwhile: nobody knows on which side of the dump.
    Tables out;
    for (const auto& [name, rows] : *before)
      if (const auto found = after->find(name); found != after->end())
        out[name] = {std::min(rows.least, found->second.least), std::max(rows.most, found->second.most)};
    co_return out;
  }

  runtime::Task<Status> check(std::string file) override {
    const ToolsPtr tools = options_.tools();
    if (tools == nullptr) co_return not_ready();
    auto listing = run(tools, {"pg_restore", "-l"}, read_pieces(host_, std::move(file)), nullptr);
    auto listed = co_await listing;
    co_return listed ? Status() : Status(std::move(listed).error());
  }

  runtime::Task<Result<Tables>> drill(std::string file) override {
    const std::unique_ptr<Scratch> scratch = options_.scratch();
    if (scratch == nullptr) co_return make_error("target-not-ready", "there is nowhere to restore a backup of " + options_.name + " for a look");
    auto making = scratch->make();
    auto tools = co_await making;
    auto drilling = drill_in(tools ? *tools : nullptr, std::move(file));
    auto result = tools ? co_await drilling : Result<Tables>(make_error("target-not-ready", tools.error().message));
    auto ending = scratch->destroy();
    co_await ending;
    co_return result;
  }

  runtime::Task<Result<std::string>> restore(std::string file, std::string id, Into into) override {
    const ToolsPtr tools = options_.tools();
    if (tools == nullptr) co_return not_ready();
    std::string other = options_.database + "_" + id.substr(std::min(id.size(), options_.name.size() + 1));
    std::replace(other.begin(), other.end(), '-', '_');
    auto making = run(tools, {"createdb", "-U", options_.user, "-T", "template0", other}, nullptr, nullptr);
    if (auto made = co_await making; !made) co_return std::move(made).error();
    auto filling = run(tools, {"pg_restore", "--exit-on-error", "-U", options_.user, "-d", other}, read_pieces(host_, std::move(file)), nullptr);
    if (auto filled = co_await filling; !filled) {
      auto dropping = run(tools, {"dropdb", "-U", options_.user, other}, nullptr, nullptr);
      (void)co_await dropping;
      co_return std::move(filled).error();
    }
    if (into == Into::kScratch) co_return other;
    auto swapping = swap(tools, other);
    if (Status swapped = co_await swapping; !swapped) co_return std::move(swapped).error();
    co_return options_.database;
  }

 private:
  static Error not_ready_because(std::string why) { return make_error("target-not-ready", std::move(why)); }
  Error not_ready() const { return not_ready_because(options_.name + " does not run: " + options_.obstacle()); }

  Argv with_database(const char* program, Argv more) const {
    Argv out = {program, "-U", options_.user, "-d", options_.database};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  static runtime::Task<Result<Ran>> run(ToolsPtr tools, Argv argv, Pieces in, Sink out) {
    const std::string program = argv.front();
    auto running = tools->run(std::move(argv), std::move(in), std::move(out));
    auto ran = co_await running;
    if (!ran) co_return std::move(ran).error();
    if (ran->code != 0) co_return failed(program, *ran);
    co_return ran;
  }

  runtime::Task<Result<Tables>> count(ToolsPtr tools) const {
    auto asking = run(tools, with_database("psql", {"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"}), said(kCount), nullptr);
    auto ran = co_await asking;
    if (!ran) co_return std::move(ran).error();
    co_return parse_counts(ran->output);
  }

  runtime::Task<Result<Tables>> drill_in(ToolsPtr tools, std::string file) const {
    auto filling = run(tools, with_database("pg_restore", {"--exit-on-error", "--no-owner", "--no-privileges"}), read_pieces(host_, std::move(file)), nullptr);
    if (auto filled = co_await filling; !filled) co_return std::move(filled).error();
    auto checking = tools->run(with_database("pg_amcheck", {"--install-missing"}), nullptr, nullptr);
    auto checked = co_await checking;
    if (!checked) co_return std::move(checked).error();
    if (checked->code != 0 && checked->code != 127) co_return failed("pg_amcheck", *checked);
    auto counting = count(tools);
    co_return co_await counting;
  }

  // Whoever is connected loses the connection, and finds the restored database with the next one. The other one stays, as NAME_old_…
  runtime::Task<Status> swap(ToolsPtr tools, const std::string& other) const {
    const std::string before = options_.database + "_old" + other.substr(options_.database.size());
    const auto quoted = [](const std::string& name) { return "\"" + name + "\""; };  // check_role() lets no quote in
    const std::string sql = "ALTER DATABASE " + quoted(options_.database) + " ALLOW_CONNECTIONS false;\n"
                            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = '" + options_.database + "';\n"
                            "ALTER DATABASE " + quoted(options_.database) + " RENAME TO " + quoted(before) + ";\n"
                            "ALTER DATABASE " + quoted(other) + " RENAME TO " + quoted(options_.database) + ";\n"
                            "ALTER DATABASE " + quoted(before) + " ALLOW_CONNECTIONS true;\n";
    auto asking = run(tools, {"psql", "-U", options_.user, "-d", "postgres", "-X", "-q", "-v", "ON_ERROR_STOP=1"}, said(sql), nullptr);
    auto asked = co_await asking;
    if (asked) co_return Status();
    auto opening = run(tools, {"psql", "-U", options_.user, "-d", "postgres", "-X", "-q", "-c",
                               "ALTER DATABASE " + quoted(options_.database) + " ALLOW_CONNECTIONS true"}, nullptr, nullptr);
    (void)co_await opening;
    co_return std::move(asked).error();
  }

  Host host_;
  PostgresOptions options_;
};

}  // namespace

TargetPtr postgres_target(Host host, PostgresOptions options) { return std::make_shared<PostgresTarget>(host, std::move(options)); }

}  // namespace gatehouse::backup
