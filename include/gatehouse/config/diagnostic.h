// What the loader has to say about a configuration: every problem at once, each with its place.
//
//   gatehouse.yaml:31:9: routes[0].to: no upstream is called 'ap'; did you mean 'app'?  [unknown-upstream]
//
// Values; no thread, nothing to stop.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::config {

enum class Severity { kError, kWarning };  // a warning does not keep the configuration from loading

struct Diagnostic {
  std::string file;        // path as it was given; "environment NAME" or "--set KEY" for the other tiers
  int line = 0;            // from 1; 0: the source has no lines
  int column = 0;          // from 1, in bytes
  std::string path;        // "routes[0].to"; empty when the file as a whole is meant
  std::string message;     // what is wrong, what is expected; no full stop
  std::string slug;        // stable and searchable: docs/reference/config.md lists them
  std::string suggestion;  // "did you mean 'app'?", or empty
  std::string help;        // more, shown on a terminal only
  Severity severity = Severity::kError;
  std::string source;      // the source line, for the excerpt on a terminal
  int width = 1;           // bytes under the caret
  int rank = 0;            // order of the sources: .env, main file, included files, environment, flags
};

bool has_errors(const std::vector<Diagnostic>& diagnostics);

// One line each, at most 20, then "and N more". With `terminal` the source line, a caret and the help follow.
std::string render(const std::vector<Diagnostic>& diagnostics, bool terminal = false);

}  // namespace gatehouse::config
