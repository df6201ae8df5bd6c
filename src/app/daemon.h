// `gatehouse run`: the daemon. Called by the command line, defined with the wiring.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace gatehouse::app {

struct RunOptions {
  std::optional<std::string> config;   // --config; else GATEHOUSE_CONFIG, else the search path of the loader
  std::optional<std::string> text{};   // what `config` would hold, when it is only a name
  std::vector<std::string> profiles;   // --profile, added to those of the file
  std::vector<std::string> overrides;  // --set KEY=VALUE, and what named flags stand for
};

// Runs until SIGTERM or SIGINT. Exit code: 0 stopped in order, 1 the work failed (a port in use), 2 the configuration
// was wrong (diagnostics are on stderr already).
int run_daemon(const RunOptions& options);

}  // namespace gatehouse::app
