// Supervised PostgreSQL services as targets of backups: their programs are run in their containers, drills in containers that exist
// for the drill only. Loop 0.
#pragma once

#include "gatehouse/backup/postgres_target.h"
#include "supervision.h"

namespace gatehouse::app {

// One for each service that says so. The functions of the targets look at `supervision` each time.
std::vector<backup::TargetPtr> service_targets(backup::Host host, Supervision& supervision);

}  // namespace gatehouse::app
