// Collects the sources that were read and the diagnostics about them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/diagnostic.h"
#include "node.h"

namespace gatehouse::config {

struct Source {
  std::string name;       // as shown
  std::string directory;  // what relative paths in it are relative to
  std::string text;       // empty for variables and flags, and for .env: its lines are not shown
  std::vector<std::size_t> line_starts{0};
  std::string label;      // of a variable, for explain: "NGINX_HTTP_PORT=8080"
};

struct Report {
  std::vector<Source> sources;
  std::vector<Diagnostic> diagnostics;

  int add_source(std::string name, std::string directory = {}, std::string text = {});
  std::string_view line(int source, int number) const;  // without its end
  std::string place(const Spot& spot) const;            // "file:line:col" or the name of the source

  // Returned reference is valid until the next call: for adding a suggestion or help.
  Diagnostic& error(const Spot& spot, std::string path, std::string_view slug, std::string message);
  Diagnostic& warning(const Spot& spot, std::string path, std::string_view slug, std::string message);
  // Nothing any more when there are already many diagnostics: looking is expensive, and the file may be hostile.
  std::string suggest(std::string_view word, const std::vector<std::string>& names) const;
  void sort();
};

}  // namespace gatehouse::config
