// The one loader of the configuration: five tiers, strict, every problem at once, the origin of every value kept.
//
//   config::LoadOptions options;
//   options.file = "/etc/gatehouse/gatehouse.yaml";
//   options.environment = config::read_environment(environ);
//   config::Loaded loaded = config::load(options);
//   std::cerr << config::render(loaded.diagnostics, config::look_of(2));
//   if (!loaded.configuration) return 2;
//
// Start, reload and `gatehouse check` run this same function. It reads files (the configuration, what it includes,
// `.env`, secrets, what `check_certificate` reads) and nothing else; it never throws, whatever the bytes are. Blocking; any thread; nothing to stop.
// The keys, their types, units and defaults: docs/reference/config.md, generated from the table that validates.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/keys/configuration.h"
#include "gatehouse/yaml/report.h"

namespace gatehouse::config {

using keys::Configuration;
using yaml::Diagnostic;
using yaml::has_errors;
using yaml::Look;
using yaml::look_of;
using yaml::render;
using yaml::Severity;
using yaml::Tier;
using yaml::to_string;

struct Origin {
  Tier tier = Tier::kDefault;
  std::string place;  // "/etc/gatehouse/gatehouse.yaml:12:14", "NGINX_HTTPS_PORT=8443", "--set listeners.http.address"
  std::string note;   // "alias of listeners.https.address, port part"
  std::string value;  // as written there; redacted for secrets
};

// One key in effect and what it overrode, highest tier first.
struct Leaf {
  std::string path;
  std::string value;  // redacted for secrets
  Origin from;
  std::vector<Origin> over;
  bool needs_restart = false;
};
using Provenance = std::vector<Leaf>;  // sorted by path

struct LoadOptions {
  std::optional<std::string> file;  // else GATEHOUSE_CONFIG, else the first of `search` that exists, else defaults
  std::optional<std::string> text;  // the file's content when it is not on disk; `file` is then only its name
  std::vector<std::string> search{"/etc/gatehouse/gatehouse.yaml", "gatehouse.yaml"};
  std::string directory = ".";      // what `search` is relative to; and paths, when there is no file
  std::vector<std::string> overrides;  // "listeners.http.address=127.0.0.1:0", the last one wins
  std::vector<std::string> profiles;   // --profile: added to those of the file
  std::map<std::string, std::string> environment;  // nothing else of the process environment is read
  std::vector<std::string> known_variables;        // GATEHOUSE_* names that somebody else reads
  bool read_dotenv = true;                         // `.env` beside the file
  // What will be said of a certificate's files when they are loaded; none: only whether they are there. Any thread.
  std::function<Status(const tls::CertificateFile&)> check_certificate;
};

struct Loaded {
  std::optional<Configuration> configuration;  // none when a diagnostic is an error
  std::vector<Diagnostic> diagnostics;         // sorted by source and position
  Provenance provenance;                       // also when there are errors: as far as it got
};

Loaded load(const LoadOptions& options);

// A change that a reload would make.
struct Change {
  std::string path;
  std::string before;  // empty: the key was not there
  std::string after;   // empty: it is gone
  bool needs_restart = false;
};
// `wanted` with the values that `running` started with, where a change needs a restart. What diff() of the two then tells
// is what waits for one.
Configuration keep_until_restart(const Configuration& running, Configuration wanted);
std::vector<Change> diff(const Configuration& before, const Configuration& after);

// "NAME=value" strings, as in `environ`, as a map. Owner of nothing.
std::map<std::string, std::string> read_environment(const char* const* variables);

}  // namespace gatehouse::config
