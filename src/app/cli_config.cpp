#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>

#include "cli.h"
#include "cli_verbs.h"
#include "gatehouse/config/config.h"
#include "gatehouse/config/explain.h"
#include "load_options.h"

namespace gatehouse::app {
namespace {

config::LoadOptions how_to_load(const CliOptions& options) {
  RunOptions run{.config = {}, .profiles = options.profiles, .overrides = options.overrides};
  if (!options.config.empty()) run.config = options.config;
  return load_options(run);
}

config::Loaded load(const CliOptions& options) { return config::load(how_to_load(options)); }

int print_diagnostics(const CliOptions& options, const config::Loaded& loaded) {
  config::Look look = config::look_of(STDERR_FILENO);
  if (look == config::Look::kColor && options.no_color) look = config::Look::kTerminal;
  std::cerr << config::render(loaded.diagnostics, look);
  return loaded.configuration ? kFine : kWrongInput;
}

Json to_json(const config::Diagnostic& diagnostic) {
  return {{"file", diagnostic.file}, {"line", diagnostic.line}, {"column", diagnostic.column}, {"path", diagnostic.path},
          {"message", diagnostic.message}, {"slug", diagnostic.slug}, {"help", diagnostic.suggestion},
          {"severity", diagnostic.severity == config::Severity::kError ? "error" : "warning"}};
}

}  // namespace

int check_config(const CliOptions& options) {
  config::LoadOptions load = how_to_load(options);
  load.file = options.file;
  if (options.file == "-") {
    load.file = "stdin";
    load.text = std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  const config::Loaded loaded = config::load(load);
  if (options.format == "json") {
    Json items = Json::array();
    for (const auto& diagnostic : loaded.diagnostics) items.push_back(to_json(diagnostic));
    print_items(options.style(), "DiagnosticList", items, {});
    return loaded.configuration ? kFine : kWrongInput;
  }
  const int code = print_diagnostics(options, loaded);
  if (code == kFine && !options.quiet) note(*load.file + ": valid");
  return code;
}

int config_explain(const CliOptions& options) {
  const config::Loaded loaded = load(options);
  if (print_diagnostics(options, loaded) != kFine) return kWrongInput;
  const bool json = options.format == "json";
  auto text = json ? config::explain_json(loaded.provenance, options.key) : config::explain(loaded.provenance, options.key);
  if (!text) {
    print_error(text.error());
    return kWrongInput;
  }
  std::cout << *text << (text->ends_with('\n') ? "" : "\n");
  return kFine;
}

int config_show(const CliOptions& options) {
  const config::Loaded loaded = load(options);
  if (print_diagnostics(options, loaded) != kFine) return kWrongInput;
  Json items = Json::array();
  for (const config::Leaf& leaf : loaded.provenance) {
    items.push_back({{"path", leaf.path}, {"value", leaf.value}, {"from", config::to_string(leaf.from.tier)}, {"place", leaf.from.place}});
  }
  print_items(options.style(), "ConfigValueList", items, {{"path", "KEY"}, {"value", "VALUE"}, {"from", "FROM"}, {"place", "PLACE"}});
  return kFine;
}

int config_schema(const CliOptions&) {
  std::cout << config::schema() << "\n";
  return kFine;
}

int config_reference(const CliOptions&) {
  std::cout << config::reference();
  return kFine;
}

}  // namespace gatehouse::app
