#include <algorithm>
#include <array>

#include "gatehouse/net/address.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

constexpr std::string_view kPrefix = "GATEHOUSE_";
// Read by the loader itself or by other parts of the program.
constexpr std::array<std::string_view, 4> kReserved = {"GATEHOUSE_BINARY", "GATEHOUSE_CONFIG", "GATEHOUSE_SOCKET",
                                                       "GATEHOUSE_URL"};

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

template <class Change>
std::string mapped(std::string_view text, Change change) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), change);
  return out;
}

// A segment of a path as it stands in the name of a variable: "[0]" → "0", "my-app" → "MY_APP".
std::string in_variable(std::string_view segment) {
  if (segment.starts_with('[')) segment = segment.substr(1, segment.size() - 2);
  return mapped(segment, [](char c) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return word ? upper(c) : '_';
  });
}

bool is_leaf(const Branch& branch) { return branch.key != nullptr; }

// Walks the name of a variable down the key table; what "*" may stand for is looked up in the tree first, so that a
// name with dashes or dots is found again.
class Matcher {
 public:
  std::optional<Path> find(const Branch& root, std::string_view rest, const Node& tree) {
    if (walk(root, rest, &tree)) return path_;
    return std::nullopt;
  }

 private:
  bool walk(const Branch& branch, std::string_view rest, const Node* node) {
    if (rest.empty()) return is_leaf(branch);
    for (const Branch& child : branch.children) {
      if (child.segment == "[]" ? walk_index(child, rest, node)
          : child.segment == "*" ? walk_names(branch, child, rest, node)
                                 : step(child, in_variable(child.segment), child.segment, rest, node))
        return true;
    }
    return false;
  }

  bool step(const Branch& child, std::string_view word, const std::string& segment, std::string_view rest, const Node* node) {
    if (!rest.starts_with(word)) return false;
    rest.remove_prefix(word.size());
    if (!rest.empty() && rest[0] != '_') return false;
    if (!rest.empty()) rest.remove_prefix(1);
    path_.push_back(segment);
    if (walk(child, rest, node == nullptr ? nullptr : node->find(segment))) return true;
    path_.pop_back();
    return false;
  }

  bool walk_index(const Branch& child, std::string_view rest, const Node* node) {
    const std::string_view digits = rest.substr(0, rest.find('_'));
    const auto index = yaml::parse_integer(digits);
    if (!index || *index < 0 || *index > 9999) return false;
    const bool there = node != nullptr && static_cast<std::size_t>(*index) < node->items.size();
    path_.push_back("[" + std::to_string(*index) + "]");
    rest.remove_prefix(std::min(rest.size(), digits.size() + 1));
    if (walk(child, rest, there ? &node->items[static_cast<std::size_t>(*index)] : nullptr)) return true;
    path_.pop_back();
    return false;
  }

  bool walk_names(const Branch& parent, const Branch& child, std::string_view rest, const Node* node) {
    if (node != nullptr)
      for (const Member& member : node->members)
        if (step(child, in_variable(member.key), member.key, rest, node)) return true;
    for (std::size_t end = rest.find('_'); end != std::string_view::npos; end = rest.find('_', end + 1)) {
      const std::string name = mapped(rest.substr(0, end), lower);
      const bool allowed = parent.section == nullptr || parent.section->name == nullptr || parent.section->name(name).ok();
      if (allowed && step(child, rest.substr(0, end), name, rest, node)) return true;
    }
    return false;
  }

  Path path_;
};

class Overlay {
 public:
  explicit Overlay(Context& context) : context_(context) {}

  // One tier of variables. `report_unknown` names every GATEHOUSE_ variable that nothing reads.
  void variables(const Environment& environment, Tier tier) {
    tier_ = tier;
    for (auto alias = keys::aliases().rbegin(); alias != keys::aliases().rend(); ++alias) apply_alias(*alias, environment);
    for (const std::string_view name : keys::unused_variables()) note_unused(std::string(name), environment);
    for (const auto& [name, value] : environment)
      if (name.starts_with(kPrefix)) apply_own(name, value, environment);
  }

  void flags() {
    tier_ = Tier::kFlag;
    for (const std::string& given : context_.options.overrides) apply_flag(given);
    for (const std::string& profile : context_.options.profiles) add_profile(profile);
  }

 private:
  Spot spot_of(std::string name, std::string label) {
    const int source = context_.report.add_source(
        {.tier = tier_, .name = std::move(name), .directory = context_.directory, .text = {}, .label = std::move(label)});
    return {source, 0, 0, 1, {}};
  }

  Spot variable_spot(const std::string& name, std::string_view value, bool sensitive) {
    const std::string label = sensitive ? name : name + "=" + std::string(value);
    if (tier_ != Tier::kDotenv) return spot_of("environment " + name, label);
    const yaml::Dotenv::Place& place = context_.dotenv.places.at(name);
    return {context_.dotenv_source, place.line, place.value_column, 1, {}};
  }

  // Of the name itself, which nothing reads.
  Spot name_spot(const std::string& name, const std::string& value) {
    Spot spot = variable_spot(name, value, true);
    if (tier_ == Tier::kDotenv) spot.column = context_.dotenv.places.at(name).name_column;
    return spot;
  }

  void set(const Path& path, const Key& key, std::string text, Spot spot) {
    Node node = is_list(key) ? yaml::list_node(text, spot) : yaml::scalar(std::move(text), spot);
    if (key.type == Type::kMap)
      context_.report.error(spot, join_path(path), "bad-override", "a mapping can only be set in the file");
    else if (!yaml::put(context_.root, path, std::move(node)))
      context_.report.error(spot, join_path(path), "bad-override",
                            "there is no place for '" + join_path(path) + "': a part of it is missing or has another type");
  }

  // ---- variables

  void apply_own(const std::string& name, const std::string& value, const Environment& environment) {
    const bool reserved = std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
    const auto& known = context_.options.known_variables;
    if (reserved || std::find(known.begin(), known.end(), name) != known.end()) return;
    const std::string_view rest = std::string_view(name).substr(kPrefix.size());
    if (const auto path = Matcher().find(key_tree(), rest, context_.root)) {
      const Key& key = *find_branch(join_path(*path))->key;
      if (key.type == Type::kSecret) return apply_secret(name, value, *path, key, is_secret_reference(value));
      return set(*path, key, value, variable_spot(name, keys::shown_text(key, value), key.sensitive));
    }
    if (apply_secret_file(name, rest, value, environment)) return;
    if (!context_.variables.used.contains(name)) unknown(name, value);
  }

  // A literal in a variable is as good as a reference to that variable.
  void apply_secret(const std::string& name, const std::string& value, const Path& path, const Key& key, bool reference) {
    set(path, key, reference ? value : "env:" + name, variable_spot(name, value, true));
  }

  bool apply_secret_file(const std::string& name, std::string_view rest, const std::string& value,
                         const Environment& environment) {
    constexpr std::string_view kFile = "_FILE";
    if (!rest.ends_with(kFile)) return false;
    const auto path = Matcher().find(key_tree(), rest.substr(0, rest.size() - kFile.size()), context_.root);
    if (!path) return false;
    const Key& key = *find_branch(join_path(*path))->key;
    if (key.type != Type::kSecret) return false;
    file_variant(name, value, *path, key, environment);
    return true;
  }

  void file_variant(const std::string& name, const std::string& value, const Path& path, const Key& key,
                    const Environment& environment) {
    const std::string plain = name.substr(0, name.size() - 5);
    const Spot spot = variable_spot(name, value, false);
    if (environment.contains(plain))
      context_.report.error(spot, join_path(path), "conflict", "both " + plain + " and " + name + " are set");
    set(path, key, "file:" + value, spot);
  }

  void unknown(const std::string& name, const std::string& value) {
    Diagnostic& out = context_.report.error(name_spot(name, value), {}, "unknown-variable",
                                            "no key is behind the variable " + name);
    out.suggestion = context_.report.suggest(name, candidates());
  }

  std::vector<std::string> candidates() const {
    std::vector<std::string> out(kReserved.begin(), kReserved.end());
    for (const Key* key : all_keys())
      if (key->type != Type::kLater) expand(split_path(key->path), 0, context_.root, {}, out);
    return out;
  }

  static void expand(const Path& pattern, std::size_t at, const Node& node, Path path, std::vector<std::string>& out) {
    if (at == pattern.size()) return out.push_back(variable_name(join_path(path)));
    const std::string& segment = pattern[at];
    path.push_back(segment);
    if (segment == "*") {
      for (const Member& member : node.members) {
        path.back() = member.key;
        expand(pattern, at + 1, member.value, path, out);
      }
    } else if (segment == "[]") {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        path.back() = "[" + std::to_string(i) + "]";
        expand(pattern, at + 1, node.items[i], path, out);
      }
    } else {
      const Node* child = node.find(segment);
      expand(pattern, at + 1, child == nullptr ? Node() : *child, path, out);
    }
  }

  // ---- names of the earlier platform

  // Unless a ${NAME} in the file takes it.
  void note_unused(const std::string& name, const Environment& environment) {
    const auto found = environment.find(name);
    const bool shadowed = tier_ == Tier::kDotenv && context_.options.environment.contains(name);
    if (found == environment.end() || shadowed || context_.variables.used.contains(name)) return;
    context_.report.warning(name_spot(name, found->second), name, "alias-unused",
                            "has no effect: this version has no key for it");
  }

  void apply_alias(const Alias& alias, const Environment& environment) {
    const std::string name(alias.variable);
    const Key& key = *find_branch(alias.path)->key;
    const Path path = split_path(alias.path);
    const auto file = environment.find(name + "_FILE");
    if (key.type == Type::kSecret && file != environment.end())
      file_variant(file->first, file->second, path, key, environment);
    const auto found = environment.find(name);
    if (found == environment.end()) return;
    if (key.type == Type::kSecret) {
      if (file == environment.end()) apply_secret(name, found->second, path, key, is_secret_reference(found->second));
      return;
    }
    Spot spot = variable_spot(name, keys::shown_text(key, found->second), key.sensitive);
    spot.note = "alias of " + std::string(alias.path) + (alias.convert == Convert::kPort ? ", port part" : "");
    if (const auto text = convert(alias, found->second, spot)) set(path, key, *text, spot);
  }

  std::optional<std::string> convert(const Alias& alias, const std::string& value, const Spot& spot) {
    switch (alias.convert) {
      case Convert::kSame: return value;
      case Convert::kPort: return with_port(alias, value, spot);
      case Convert::kSeconds: return yaml::parse_integer(value).ok() ? value + "s" : value;
      case Convert::kDays: return yaml::parse_integer(value).ok() ? value + "d" : value;
      case Convert::kBoolean: return boolean(mapped(value, lower));
      case Convert::kLogLevel: {
        const std::string level = mapped(value, lower);
        return level == "warning" ? "warn" : level;
      }
      case Convert::kCertificateMode: {
        const std::string mode = mapped(value, lower);
        return mode == "letsencrypt" ? "acme" : mode;
      }
      case Convert::kOrigins: return without_any_origin(alias, value, spot);
    }
    return std::nullopt;
  }

  static std::string boolean(const std::string& value) {
    for (const char* word : {"1", "yes", "on"})
      if (value == word) return "true";
    for (const char* word : {"0", "no", "off", ""})
      if (value == word) return "false";
    return value;
  }

  // The earlier platform's default let every web page call; that is nobody's decision.
  std::optional<std::string> without_any_origin(const Alias& alias, const std::string& value, const Spot& spot) {
    std::string named;
    bool any = false;
    for (const Node& item : yaml::list_node(value, spot).items) {
      any = any || item.text == "*";
      if (item.text != "*") named += (named.empty() ? "" : ",") + item.text;
    }
    if (!any) return value;
    context_.report.warning(spot, std::string(alias.path), "alias-unused",
                            "'*' in " + std::string(alias.variable) +
                                " has no effect: web pages may call from this machine, from the host that they call, "
                                "and from the origins that are named here");
    if (named.empty()) return std::nullopt;
    return named;
  }

  std::optional<std::string> with_port(const Alias& alias, const std::string& value, const Spot& spot) {
    const std::string path(alias.path);
    const auto port = yaml::parse_integer(value);
    if (!port || *port < 1 || *port > 65535) {
      context_.report.error(spot, path, "out-of-range", "'" + value + "' is not a port: 1 to 65535");
      return std::nullopt;
    }
    const std::string listener = path.substr(0, path.rfind('.'));
    if (find_path(context_.root, listener) == nullptr) {
      context_.report.warning(spot, path, "alias-unused",
                              std::string(alias.variable) + " has no effect: " + listener + " is not configured");
      return std::nullopt;
    }
    const Node* below = find_path(context_.root, path);
    const auto address = net::parse_address(below != nullptr ? below->text : "127.0.0.1:1");
    if (!address) return std::nullopt;  // what is below is reported where it stands
    net::Address changed = *address;
    changed.port = static_cast<std::uint16_t>(*port);
    return changed.to_string();
  }

  // ---- flags

  void apply_flag(const std::string& given) {
    const std::size_t equals = given.find('=');
    const std::string name = given.substr(0, equals);
    const Spot spot = spot_of("--set " + name, "--set " + name);
    if (equals == std::string::npos) {
      context_.report.error(spot, {}, "bad-override", "--set takes KEY=VALUE");
      return;
    }
    const Branch* branch = find_branch(name);
    if (branch == nullptr || branch->key == nullptr) {
      std::vector<std::string> names;
      for (const Key* key : all_keys())
        if (key->type != Type::kLater) names.emplace_back(key->path);
      Diagnostic& out = context_.report.error(spot, {}, "unknown-key", "no key is called '" + name + "'");
      out.suggestion = context_.report.suggest(name, names);
      return;
    }
    set(split_path(name), *branch->key, given.substr(equals + 1), spot);
  }

  void add_profile(const std::string& profile) {
    const Spot spot = spot_of("--profile " + profile, "--profile " + profile);
    const Node* before = context_.root.find("profile");
    Node list;
    if (before != nullptr && before->is_sequence()) list.items = before->items;
    if (before != nullptr && before->is_scalar()) list.items = {yaml::scalar(before->text, before->spot)};
    list.kind = Node::Kind::kSequence;
    list.spot = spot;
    list.items.push_back(yaml::scalar(profile, spot));
    yaml::put(context_.root, {"profile"}, std::move(list));
  }

  Context& context_;
  Tier tier_ = Tier::kFile;
};

// A scalar that stands for a section becomes the section: [127.0.0.1:9000] as [{address: 127.0.0.1:9000}]. Then each key has
// its place, whoever sets it.
void expand_shorthands(const Branch& branch, Node& node) {
  if (branch.section != nullptr && !branch.section->shorthand.empty() && node.is_scalar()) {
    Node section;
    section.kind = Node::Kind::kMapping;
    section.spot = node.spot;
    section.members.push_back({std::string(branch.section->shorthand), node.spot, std::move(node)});
    node = std::move(section);
  }
  for (Member& member : node.members) {
    const Branch* child = branch.find(member.key);
    if (child == nullptr) child = branch.any_name();
    if (child != nullptr) expand_shorthands(*child, member.value);
  }
  if (const Branch* item = branch.any_index())
    for (Node& one : node.items) expand_shorthands(*item, one);
}

}  // namespace

std::string variable_name(std::string_view path) {
  std::string out(kPrefix.substr(0, kPrefix.size() - 1));
  for (const std::string& segment : split_path(path)) out += "_" + in_variable(segment);
  return out;
}

void apply_tiers(Context& context) {
  expand_shorthands(key_tree(), context.root);
  Overlay overlay(context);
  overlay.variables(context.dotenv.variables, Tier::kDotenv);
  overlay.variables(context.options.environment, Tier::kEnvironment);
  overlay.flags();
}

}  // namespace gatehouse::config
