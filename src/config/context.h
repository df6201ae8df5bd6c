// What one load() works with.
#pragma once

#include <string>

#include "interpolate.h"
#include "node.h"
#include "report.h"
#include "table.h"

namespace gatehouse::config {

struct Context {
  explicit Context(const LoadOptions& given) : options(given) {}
  Context(const Context&) = delete;

  const LoadOptions& options;
  Report report;
  Environment dotenv;
  Variables variables{options.environment, dotenv, {}};
  std::string file;            // main file; empty: none
  std::string directory;       // of the main file, else the working directory
  int dotenv_source = -1;
  std::map<std::string, int> dotenv_lines;
  Node root;                   // in effect
  bool production = false;
  bool development = false;
};

}  // namespace gatehouse::config
