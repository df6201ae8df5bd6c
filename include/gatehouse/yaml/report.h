// The sources that were read, and what is to be said about them: every problem at once, each with its place.
//
//   gatehouse.yaml:31:9: routes[0].to: no upstream is called 'ap'; did you mean 'app'?  [unknown-upstream]
//
// Values; no thread, nothing to stop. Owner: the one load that fills it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/yaml/tree.h"

namespace gatehouse::yaml {

// Where a value comes from, lowest first.
enum class Tier { kDefault, kFile, kDotenv, kEnvironment, kFlag };
std::string_view to_string(Tier tier);  // "default", "file", ".env", "environment", "flag"

enum class Severity { kError, kWarning };  // a warning does not keep the configuration from loading

struct Diagnostic {
  std::string file;        // path as it was given; "environment NAME" or "--set KEY" for the other tiers
  int line = 0;            // from 1; 0: the source has no lines
  int column = 0;          // from 1, in bytes
  std::string path;        // "routes[0].to"; "document": the text as such; empty: the file as such
  std::string message;     // what is wrong, what is expected; no full stop
  std::string slug;        // stable and searchable: docs/reference/config.md lists them
  std::string suggestion;  // "did you mean 'app'?", or empty
  std::string help;        // more, shown on a terminal only
  Severity severity = Severity::kError;
  std::string source;      // the source line, for the excerpt on a terminal; empty when a secret may stand in it
  int width = 1;           // bytes under the caret
  int rank = 0;            // order of the sources: .env, main file, included files, environment, flags
};

bool has_errors(const std::vector<Diagnostic>& diagnostics);

// kPlain: one line each, at most 20, then "and N more". On a terminal the source line, a caret and the help follow.
enum class Look { kPlain, kTerminal, kColor };
Look look_of(int descriptor);  // of what is printed there
std::string render(const std::vector<Diagnostic>& diagnostics, Look look = Look::kPlain);

struct Source {
  Tier tier = Tier::kFile;
  std::string name;       // as shown
  std::string directory;  // what relative paths in it are relative to
  std::string text;       // empty for variables and flags, and for .env: its lines are not shown
  std::string label;      // of a variable or flag, as origins show it: "NGINX_HTTP_PORT=8080"
  std::vector<std::size_t> line_starts{0};
  std::vector<bool> secret_lines{};  // those that are never shown
};

struct Report {
  std::vector<Source> sources;
  std::vector<Diagnostic> diagnostics;

  int add_source(Source source);                        // its index
  const Source* source_of(const Spot& spot) const;      // nullptr: none
  Tier tier(const Spot& spot) const;
  std::string_view line(int source, int number) const;  // without its end
  bool is_secret(const Spot& spot, std::string_view slug) const;  // its line must not be shown
  std::string place(const Spot& spot) const;            // "file:line:col" or the name of the source

  // Returned reference is valid until the next call: for adding a suggestion or help.
  Diagnostic& error(const Spot& spot, std::string path, std::string_view slug, std::string message);
  Diagnostic& warning(const Spot& spot, std::string path, std::string_view slug, std::string message);
  // Nothing any more when there are already many diagnostics: looking is expensive, and the file may be hostile.
  std::string suggest(std::string_view word, const std::vector<std::string>& names) const;
  void sort();
};

}  // namespace gatehouse::yaml
