// Backups: the keeper with the targets that the configuration names. Owner: Daemon; or the command line, for SQLite when no daemon
// runs. Thread: loop 0, but for what says otherwise. Stop: stop(), while the loop and the offload pool are there.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gatehouse/admin/api.h"
#include "gatehouse/backup/keeper.h"
#include "gatehouse/config/config.h"

namespace gatehouse::app {

std::string backup_directory(const config::Configuration& configuration);
std::string backups_json(const backup::Shelf& shelf, const std::vector<backup::Entry>& entries);

// The daemon's own state; nothing when it is in a database that others keep.
Result<std::vector<backup::TargetPtr>> own_targets(backup::Host host, const config::Configuration& configuration);

class Backups {
 public:
  Backups(backup::Host host, const config::Configuration& configuration, backup::Keeper::Targets targets);

  void begin(const config::Configuration& configuration) { keeper_.begin(configuration.backup); }
  void apply(const config::Configuration& configuration) { keeper_.apply(configuration.backup); }
  void stop() { keeper_.stop(); }
  void ask(const admin::BackupRequest& request, std::function<void(std::vector<admin::BackupOutcome>)> done);

  // Any thread.
  Result<std::string> list() const;  // JSON; blocks
  std::map<std::string, backup::Standing> view() const { return keeper_.view(); }

 private:
  backup::Keeper keeper_;
};

}  // namespace gatehouse::app
