// gatehouse backup …, restore: asks the daemon; for a state in SQLite, does it itself when no daemon runs.
#include <iostream>

#include "backups.h"
#include "cli.h"
#include "cli_ask.h"
#include "gatehouse/base/log.h"
#include "load_options.h"

namespace gatehouse::app {
namespace {

using std::chrono::hours;

const std::vector<Column> kOutcomeColumns = {{"service", "SERVICE"}, {"id", "ID"}, {"ok", "OK"}, {"took_ms", "MS"}, {"bytes", "BYTES"}};
const std::vector<Column> kRestoreColumns = {{"service", "SERVICE"}, {"id", "ID"}, {"ok", "OK"}, {"took_ms", "MS"}, {"place", "NOW IN"}, {"safety", "BEFORE IT"}};
const std::vector<Column> kBackupColumns = {{"id", "ID"}, {"service", "SERVICE"}, {"taken", "TAKEN"}, {"bytes", "BYTES"}, {"verified", "VERIFIED"}, {"drilled", "DRILLED"}};

// What was asked for takes as long as databases are large.
CliOptions patient(const CliOptions& options) {
  CliOptions out = options;
  if (!out.timeout) out.timeout = hours(6);
  return out;
}

Json json_of(const admin::BackupOutcome& one) {
  Json error;
  if (one.error) error = {{"slug", one.error->slug}, {"message", one.error->message}, {"help", one.error->help}};
  return {{"what", one.what}, {"service", one.target}, {"id", one.id}, {"ok", !one.error}, {"error", std::move(error)}, {"took_ms", one.took.count()},
          {"bytes", one.bytes}, {"place", one.place}, {"safety", one.safety}};
}

std::string text_of_time(const Json& look) {
  if (!look.is_object()) return "-";
  return look.value("ok", Json(false)) == true ? text_of(look, "at") : "FAILED " + text_of(look, "at");
}

// A table shows when, JSON shows all.
Json shown(const CliOptions& options, Json items) {
  if (options.format == "json") return items;
  for (Json& item : items)
    for (const char* key : {"verified", "drilled"})
      if (item.is_object() && item.contains(key)) item[key] = text_of_time(item[key]);
  return items;
}

int print_outcomes(const CliOptions& options, const Json& items, const std::vector<Column>& columns) {
  int code = kFine;
  print_items(options.style(), "BackupOutcomeList", items, columns);
  for (const Json& item : items) {
    const Json error = item.value("error", Json());
    if (!error.is_object()) continue;
    const std::string slug = text_of(error, "slug");
    print_error(make_error(slug, text_of(item, "service") + ": " + text_of(error, "message"), text_of(error, "help")));
    const bool wrong = slug == "unknown-backup" || slug == "unknown-target" || slug == "not-confirmed";
    code = wrong && items.size() == 1 ? kWrongInput : kFailed;
  }
  return code;
}

// Without a daemon: a loop of its own until the answer is there.
Result<config::Configuration> own_configuration(const CliOptions& options) {
  log::configure({.level = log::Level::kCritical});  // stdout is for the table
  RunOptions run{.config = {}, .profiles = options.profiles, .overrides = options.overrides};
  if (!options.config.empty()) run.config = options.config;
  config::Loaded loaded = config::load(load_options(run));
  if (loaded.configuration) return *std::move(loaded.configuration);
  std::cerr << config::render(loaded.diagnostics);
  return make_error("config-refused", "the configuration has errors");
}

Result<std::vector<admin::BackupOutcome>> work_alone(const config::Configuration& configuration, const admin::BackupRequest& request) {
  runtime::Clock& clock = runtime::system_clock();
  runtime::Loop loop(clock);
  runtime::OffloadPool offload(2);
  const backup::Host host{loop, offload, clock};
  auto targets = own_targets(host, configuration);
  if (!targets) return std::move(targets).error();
  std::vector<admin::BackupOutcome> out;
  Backups backups(host, configuration, [targets = *std::move(targets)] { return targets; });
  config::Configuration quiet = configuration;
  quiet.backup.schedule.clear();
  quiet.backup.drill.clear();
  backups.begin(quiet);
  backups.ask(request, [&](std::vector<admin::BackupOutcome> outcomes) {
    out = std::move(outcomes);
    loop.stop();
  });
  loop.run();
  backups.stop();
  return out;
}

// Whether to do without the daemon: nobody listens, and no other daemon was named.
bool is_alone(const CliOptions& options, const Error& error) { return error.slug == "unreachable" && options.url.empty() && options.socket.empty(); }

int act(const CliOptions& given, const std::string& path, const Json& body, const admin::BackupRequest& request, const std::vector<Column>& columns) {
  const CliOptions options = patient(given);
  auto answer = ask(options, "POST", path, body);
  if (answer) {
    const Json parsed = Json::parse(answer->body, nullptr, false);
    if (!parsed.is_object() || !parsed.contains("items")) return fail(problem(*answer), options);
    return print_outcomes(options, list_of(parsed, "items"), columns);
  }
  if (!is_alone(options, answer.error())) return fail(std::move(answer).error(), options);
  auto configuration = own_configuration(options);
  auto outcomes = configuration ? work_alone(*configuration, request) : Result<std::vector<admin::BackupOutcome>>(configuration.error());
  if (!outcomes) {
    print_error(outcomes.error());
    return kWrongInput;
  }
  if (!options.quiet) note("no daemon answers: worked on " + backup_directory(*configuration) + " itself");
  Json items = Json::array();
  for (const admin::BackupOutcome& one : *outcomes) items.push_back(json_of(one));
  return print_outcomes(options, items, columns);
}

}  // namespace

int backup_now(const CliOptions& options) {
  return act(options, "/admin/backups", options.name.empty() ? Json::object() : Json{{"name", options.name}}, {.what = "backup", .name = options.name},
             kOutcomeColumns);
}

int backup_drill(const CliOptions& options) {
  return act(options, "/admin/backups/drill", options.name.empty() ? Json::object() : Json{{"name", options.name}},
             {.what = "drill", .name = options.name}, kOutcomeColumns);
}

int backup_verify(const CliOptions& options) {
  return act(options, "/admin/backups/" + options.backup + "/verify", nullptr, {.what = "verify", .name = {}, .id = options.backup}, kOutcomeColumns);
}

int restore_backup(const CliOptions& options) {
  Json body{{"into", options.into}};
  if (!options.confirm.empty()) body["confirm"] = options.confirm;
  return act(options, "/admin/backups/" + options.backup + "/restore", body,
             {.what = "restore", .name = {}, .id = options.backup, .live = options.into == "live", .confirm = options.confirm}, kRestoreColumns);
}

int backup_list(const CliOptions& options) {
  auto answer = ask(options, "GET", "/admin/backups");
  Json items;
  if (answer) {
    if (answer->status != 200) return fail(problem(*answer), options);
    items = list_of(Json::parse(answer->body, nullptr, false), "items");
  } else {
    if (!is_alone(options, answer.error())) return fail(std::move(answer).error(), options);
    auto configuration = own_configuration(options);
    const backup::Shelf shelf(configuration ? backup_directory(*configuration) : "");
    auto entries = configuration ? shelf.list() : Result<std::vector<backup::Entry>>(configuration.error());
    if (!entries) {
      print_error(entries.error());
      return kFailed;
    }
    items = list_of(Json::parse(backups_json(shelf, *entries), nullptr, false), "items");
  }
  print_items(options.style(), "BackupList", shown(options, items), kBackupColumns);
  return kFine;
}

}  // namespace gatehouse::app
