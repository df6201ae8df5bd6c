// How the loader is asked, by the daemon and by the command line alike.
#pragma once

#include "daemon.h"
#include "gatehouse/config/config.h"

namespace gatehouse::app {

config::LoadOptions load_options(const RunOptions& options);

}  // namespace gatehouse::app
