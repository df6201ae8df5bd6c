// gatehouse state …: work on the daemon's database while no daemon runs.
#include <iostream>

#include "cli.h"
#include "cli_verbs.h"
#include "gatehouse/base/log.h"
#include "gatehouse/config/config.h"
#include "gatehouse/state/copy.h"
#include "gatehouse/state/open.h"
#include "load_options.h"

namespace gatehouse::app {
namespace {

// A database of the command line: what its URL leaves out, the configuration says.
Result<state::Settings> side(const state::Settings& configured, const std::string& url, const char* name) {
  auto fine = url.empty() ? Status(make_error("database-unsupported", "is empty", "sqlite:PATH or postgresql://HOST/DATABASE"))
                          : state::check_database_url(url);
  if (!fine) return std::move(fine).error().context(name);
  state::Settings settings = configured;
  settings.database_url = url;
  if (!state::database_password(url).empty()) {
    note("note: everybody on this machine can see a password on the command line; leave it out, and name it in "
         "state.postgres.password (POSTGRES_PASSWORD) or in ~/.pgpass");
  }
  return settings;
}

}  // namespace

int state_copy(const CliOptions& options) {
  log::configure({.level = log::Level::kCritical});  // stdout is for the table
  RunOptions run{.config = {}, .profiles = options.profiles, .overrides = options.overrides};
  if (!options.config.empty()) run.config = options.config;
  const config::Loaded loaded = config::load(load_options(run));
  std::cerr << config::render(loaded.diagnostics);
  if (!loaded.configuration) return kWrongInput;
  auto from = side(loaded.configuration->state, options.from, "FROM");
  auto to = side(loaded.configuration->state, options.to, "TO");
  if (!from || !to) {
    print_error(from ? to.error() : from.error());
    return kWrongInput;
  }
  const auto copied = state::copy(*from, *to, runtime::system_clock());
  if (!copied) {
    print_error(copied.error());
    return kFailed;
  }
  Json items = Json::array();
  for (const state::CopiedTable& table : *copied) items.push_back({{"table", table.name}, {"rows", table.rows}});
  print_items(options.style(), "CopiedTableList", items, {{"table", "TABLE"}, {"rows", "ROWS"}});
  if (!options.quiet) note("copied and compared; set state.database_url to " + state::shown_database_url(options.to));
  return kFine;
}

}  // namespace gatehouse::app
