#include "backups.h"

#include <nlohmann/json.hpp>

#include "gatehouse/backup/sqlite_target.h"
#include "gatehouse/state/open.h"

namespace gatehouse::app {

namespace {

using Json = nlohmann::json;

Json json_of(const std::optional<backup::Look>& look) {
  if (!look) return nullptr;
  return {{"at", rfc3339(look->at)}, {"ok", look->failure.empty()}, {"failure", look->failure.empty() ? Json() : Json(look->failure)}};
}

backup::What what_of(const std::string& word) {
  for (const backup::What what : {backup::What::kVerify, backup::What::kDrill, backup::What::kRestore})
    if (word == backup::to_string(what)) return what;
  return backup::What::kBackup;
}

}  // namespace

std::string backup_directory(const config::Configuration& configuration) {
  return configuration.backup.directory.empty() ? configuration.state.directory + "/backups" : configuration.backup.directory;
}

std::string backups_json(const backup::Shelf& shelf, const std::vector<backup::Entry>& entries) {
  Json items = Json::array();
  for (const backup::Entry& entry : entries)
    items.push_back({{"id", entry.id},
                     {"service", entry.target},
                     {"kind", backup::to_string(entry.kind)},
                     {"database", entry.database},
                     {"taken", rfc3339(entry.taken)},
                     {"took_ms", entry.took.count()},
                     {"bytes", entry.bytes},
                     {"sha256", entry.sha256},
                     {"file", shelf.file_of(entry)},
                     {"safety", entry.safety},
                     {"verified", json_of(entry.verified)},
                     {"drilled", json_of(entry.drilled)}});
  return Json{{"items", std::move(items)}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::vector<backup::TargetPtr>> own_targets(backup::Host host, const config::Configuration& configuration) {
  if (state::means_postgres(configuration.state)) return std::vector<backup::TargetPtr>();
  auto path = state::database_path(configuration.state, configuration.state.directory);
  if (!path) return std::move(path).error();
  return std::vector<backup::TargetPtr>{backup::sqlite_target(host, "state", *path, backup_directory(configuration) + "/scratch")};
}

Backups::Backups(backup::Host host, const config::Configuration& configuration, backup::Keeper::Targets targets)
    : keeper_(host, backup_directory(configuration), std::move(targets)) {}

void Backups::ask(const admin::BackupRequest& request, std::function<void(std::vector<admin::BackupOutcome>)> done) {
  backup::Request wanted{.what = what_of(request.what), .name = request.name, .id = request.id,
                         .into = request.live ? backup::Into::kLive : backup::Into::kScratch, .confirm = request.confirm};
  keeper_.ask(std::move(wanted), [done = std::move(done)](std::vector<backup::Outcome> outcomes) {
    std::vector<admin::BackupOutcome> out;
    for (backup::Outcome& one : outcomes)
      out.push_back({.what = std::string(backup::to_string(one.what)), .target = one.target, .id = one.id, .error = std::move(one.error),
                     .took = one.took, .bytes = one.bytes, .place = one.place, .safety = one.safety});
    done(std::move(out));
  });
}

Result<std::string> Backups::list() const {
  auto entries = keeper_.shelf().list();
  if (!entries) return std::move(entries).error();
  return backups_json(keeper_.shelf(), *entries);
}

}  // namespace gatehouse::app
