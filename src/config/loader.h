// What one load() works with, and its steps in their order.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "gatehouse/config/config.h"
#include "gatehouse/keys/table.h"
#include "gatehouse/yaml/parse.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::config {

using keys::Alias;
using keys::all_keys;
using keys::Branch;
using keys::Convert;
using keys::Draft;
using keys::find_branch;
using keys::Key;
using keys::key_tree;
using keys::Place;
using keys::Section;
using keys::Type;
using keys::Value;
using yaml::child_path;
using yaml::Environment;
using yaml::find_path;
using yaml::item_path;
using yaml::join_path;
using yaml::Member;
using yaml::Node;
using yaml::Path;
using yaml::quoted;
using yaml::Source;
using yaml::split_path;
using yaml::Spot;

struct Context {
  explicit Context(const LoadOptions& given) : options(given) {}
  Context(const Context&) = delete;

  const LoadOptions& options;
  yaml::Report report;
  yaml::Dotenv dotenv;
  yaml::Variables variables{options.environment, dotenv.variables, {}};
  std::string file;            // main file; empty: none
  std::string directory;       // of the main file, else the working directory
  int dotenv_source = -1;
  Node root;                   // in effect
  bool production = false;
  bool development = false;
};

// 1. Reading: the main file, what it includes, `.env` beside it. Fills root, dotenv, file, directory.
void read_files(Context& context);
Result<std::string> read_text(const std::string& path, std::size_t limit);  // "file-unreadable", "file-too-large"
std::string absolute_path(std::string_view path, const std::string& directory);

// 2. The tiers above the file: `.env`, process environment, flags, each put over the tree of the one below.
void apply_tiers(Context& context);
std::string variable_name(std::string_view path);  // "listeners.http.address" → "GATEHOUSE_LISTENERS_HTTP_ADDRESS"

// 3. Walks the tree along the key table: unknown and missing keys, types, defaults; fills the draft and the provenance.
void walk(Context& context, Draft& draft, Provenance& provenance);

// One node of the tree as the type that its key wants; nothing when it is not of that type: the report says why.
std::optional<Value> read_value(Context& context, const Key& key, const Node& node, const std::string& path);
bool is_list(const Key& key);
Result<Secret> read_secret_file(const std::string& path);  // "secret-unreadable", "secret-exposed", "secret-empty"
Result<Secret> resolve_secret(const Context& context, std::string_view reference, const std::string& directory);
bool is_secret_reference(std::string_view text);  // file:/path, env:NAME, credential:NAME

// 4. Rules between keys: references, addresses used twice, what a profile forbids. Completes the draft: TLS flags, routes
// of MCP endpoints.
void check_listeners(Context& context, Draft& draft);
void check_upstreams(Context& context, Draft& draft);
void check_routes(Context& context, Draft& draft);
void check_mcp(Context& context, Draft& draft);
void check_access(Context& context, Draft& draft);
void check_certificates(Context& context, Draft& draft);
void check_acme(Context& context, Draft& draft);
void check_client_auth(Context& context, Draft& draft);
void check_production_secret(Context& context, const Secret& secret, const std::string& path, std::size_t least);  // of production
void check_services(Context& context, Draft& draft);  // chooses those that shall run

bool is_there(const std::string& file);

// Of the node at `path`, or of the nearest one above that exists.
Spot spot_at(const Context& context, std::string_view path);
std::vector<std::string> names_below(const Context& context, std::string_view path);  // keys of the mapping at `path`

// Every slug that the loader uses, with its meaning. A test compares this list with the golden files.
struct Slug {
  std::string_view name;
  std::string_view meaning;
};
std::span<const Slug> slugs();

}  // namespace gatehouse::config
