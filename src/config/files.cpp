#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "gatehouse/base/unique_fd.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxIncludes = 1000;

Node parse_text(Context& context, const std::string& name, const std::string& directory, std::string text) {
  const int source = context.report.add_source(
      {.tier = Tier::kFile, .name = name, .directory = directory, .text = std::move(text), .label = {}});
  Node root = yaml::parse_yaml(context.report, source);
  yaml::interpolate_tree(context.report, context.variables, root);
  return root;
}

bool is_list_that_grows(const std::string& path) { return path == "routes" || path == "certificates.files"; }

void merge(Context& context, Node& into, Node from, const std::string& path) {
  if (into.kind == Node::Kind::kNull) {
    into = std::move(from);
    return;
  }
  for (Member& member : from.members) {
    const std::string where = child_path(path, member.key);
    const auto known = std::find_if(into.members.begin(), into.members.end(), [&](const Member& one) { return one.key == member.key; });
    Node* const there = known == into.members.end() ? nullptr : &known->value;
    if (there == nullptr) {
      into.members.push_back(std::move(member));
    } else if (there->is_mapping() && member.value.is_mapping()) {
      merge(context, *there, std::move(member.value), where);
    } else if (there->is_sequence() && member.value.is_sequence() && is_list_that_grows(where)) {
      std::move(member.value.items.begin(), member.value.items.end(), std::back_inserter(there->items));
    } else {
      context.report.error(member.spot, where, "duplicate-key",
                           "'" + member.key + "' is set twice, first at " + context.report.place(known->spot));
    }
  }
}

// Files that a pattern with wildcards in its last part names, sorted; a plain name is itself. A directory that is not there
// holds none; one that cannot be read is an error, as its files would be left out unseen.
Result<std::vector<std::string>> matching_files(const std::string& pattern) {
  constexpr const char* kWildcards = "*?[";
  if (pattern.find_first_of(kWildcards) == std::string::npos) return std::vector<std::string>{pattern};
  const fs::path path(pattern);
  if (path.parent_path().string().find_first_of(kWildcards) != std::string::npos)
    return make_error("bad-value", "'" + pattern + "' has wildcards in a directory's name: they are for names of files, like conf.d/*.yaml");
  std::vector<std::string> out;
  std::error_code problem;
  for (fs::directory_iterator it(path.parent_path(), problem), end; it != end && !problem; it.increment(problem)) {
    const std::string name = it->path().filename().string();
    if (::fnmatch(path.filename().c_str(), name.c_str(), FNM_PERIOD) == 0) out.push_back(it->path().string());
    if (out.size() > kMaxIncludes) break;
  }
  if (problem && problem != std::errc::no_such_file_or_directory)
    return system_error("file-unreadable", "cannot read the directory " + path.parent_path().string(), problem.value());
  std::sort(out.begin(), out.end());
  return out;
}

void include_file(Context& context, const std::string& name, const Node& asked) {
  auto text = read_text(name, yaml::kMaxFileBytes);
  if (!text) {
    context.report.error(asked.spot, "include", text.error().slug, text.error().message);
    return;
  }
  Node tree = parse_text(context, name, fs::path(name).parent_path().string(), std::move(*text));
  if (const Node* nested = tree.find("include")) {
    context.report.error(nested->spot, "include", "nested-include", "an included file cannot include others");
    std::erase_if(tree.members, [](const Member& member) { return member.key == "include"; });
  }
  merge(context, context.root, std::move(tree), {});
}

void include_files(Context& context) {
  const Node* found = context.root.find("include");
  if (found == nullptr) return;
  const Node include = *found;
  std::erase_if(context.root.members, [](const Member& member) { return member.key == "include"; });
  const std::vector<Node> patterns = include.is_sequence() ? include.items : std::vector<Node>{include};
  for (const Node& pattern : patterns) {
    if (!pattern.is_scalar() || pattern.text.empty()) {
      if (!pattern.reported)
        context.report.error(pattern.spot, "include", "wrong-type", "a file name or a list of them is expected, like conf.d/*.yaml");
      continue;
    }
    const auto names = matching_files(absolute_path(pattern.text, context.directory));
    if (!names) context.report.error(pattern.spot, "include", names.error().slug, names.error().message);
    else for (const std::string& name : *names) include_file(context, name, pattern);
  }
}

// What runs without any file: a page that says so, on loopback.
Node welcome() {
  const Spot spot;
  Node root;
  Node http;
  http.kind = Node::Kind::kMapping;
  yaml::put(root, {"listeners", "http"}, http);
  yaml::put(root, {"routes", "[0]", "respond", "body"},
      yaml::scalar("gatehouse is running, without a configuration file.\nWrite /etc/gatehouse/gatehouse.yaml and start it again.\n", spot));
  return root;
}

std::string choose_file(const Context& context) {
  const LoadOptions& options = context.options;
  if (options.file || options.text) return options.file.value_or("(text)");
  const auto named = options.environment.find("GATEHOUSE_CONFIG");
  if (named != options.environment.end() && !named->second.empty()) return named->second;
  std::error_code ignored;
  for (const std::string& name : options.search)
    if (const std::string path = absolute_path(name, options.directory); fs::exists(path, ignored))
      return name.starts_with('/') || options.directory == "." ? name : path;
  return {};
}

void read_dotenv(Context& context) {
  if (!context.options.read_dotenv) return;
  const std::string name = absolute_path(".env", context.directory == "." ? "" : context.directory);
  std::error_code ignored;
  if (!fs::is_regular_file(name, ignored)) return;
  auto text = read_text(name, yaml::kMaxFileBytes);
  context.dotenv_source =
      context.report.add_source({.tier = Tier::kDotenv, .name = name, .directory = context.directory, .text = {}, .label = {}});
  if (text)
    context.dotenv = yaml::parse_dotenv(context.report, context.dotenv_source, *text);
  else
    context.report.error({context.dotenv_source, 0, 0, 1, {}}, {}, text.error().slug, text.error().message);
}

}  // namespace

std::string absolute_path(std::string_view path, const std::string& directory) {
  if (path.empty() || path[0] == '/' || directory.empty()) return std::string(path);
  return (fs::path(directory) / path).lexically_normal().string();
}

Result<std::string> read_text(const std::string& path, std::size_t limit) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_error("file-unreadable", "cannot read " + path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("file-unreadable", "cannot read " + path, errno);
  if (S_ISDIR(status.st_mode)) return make_error("file-unreadable", "cannot read " + path + ": Is a directory");
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("file-unreadable", "cannot read " + path, errno);
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > limit) return make_error("file-too-large", path + " is larger than " + std::to_string(limit) + " bytes");
  }
}

void read_files(Context& context) {
  context.file = choose_file(context);
  const bool on_disk = !context.file.empty() && !context.options.text;
  const std::string parent = fs::path(context.file).parent_path().string();
  context.directory = on_disk ? (parent.empty() ? "." : parent) : context.options.directory;
  read_dotenv(context);
  if (context.file.empty()) {
    context.root = welcome();
    return;
  }
  auto text = on_disk ? read_text(context.file, yaml::kMaxFileBytes) : Result<std::string>(*context.options.text);
  if (!text) {
    const int source = context.report.add_source({.tier = Tier::kFile, .name = context.file, .directory = {}, .text = {}, .label = {}});
    context.report.error({source, 0, 0, 1, {}}, {}, text.error().slug, text.error().message);
    return;
  }
  context.root = parse_text(context, context.file, context.directory, std::move(*text));
  include_files(context);
}

}  // namespace gatehouse::config
