#include <algorithm>
#include <exception>
#include <set>

#include "loader.h"

namespace gatehouse::config {
namespace {

// Profiles decide about defaults and secrets, so they are known before anything else is read.
void find_profiles(Context& context) {
  const Node* node = context.root.find("profile");
  if (node == nullptr) return;
  const std::vector<Node> items = node->is_sequence() ? node->items : std::vector<Node>{*node};
  for (const Node& item : items) {
    context.production = context.production || item.text == "production";
    context.development = context.development || item.text == "development";
  }
  if (context.production && context.development)
    context.report.error(node->spot, "profile", "conflict", "production and development exclude each other");
  if (context.production) context.development = false;
}

void remove_duplicates(std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::erase_if(names, [&](const std::string& name) { return !seen.insert(name).second; });
}

Loaded load_checked(const LoadOptions& options) {
  Context context(options);
  Draft draft;
  Loaded loaded;
  read_files(context);
  apply_tiers(context);
  find_profiles(context);
  walk(context, draft, loaded.provenance);
  for (const auto check : {check_listeners, check_upstreams, check_routes, check_mcp, check_certificates, check_acme,
                           check_client_auth, check_access, check_services})
    check(context, draft);
  // Written as empty it means none; not written, the socket lies beside the database.
  if (draft.out.admin_socket.empty() && find_path(context.root, "admin.socket") == nullptr)
    draft.out.admin_socket = draft.out.state.directory + "/admin.sock";
  context.report.sort();
  loaded.diagnostics = std::move(context.report.diagnostics);
  remove_duplicates(draft.out.profiles);
  draft.out.file = context.options.text ? "" : context.file;
  if (!has_errors(loaded.diagnostics)) loaded.configuration = std::move(draft.out);
  return loaded;
}

Loaded failed(std::string message) {
  Loaded loaded;
  Diagnostic diagnostic;
  diagnostic.slug = "internal";
  diagnostic.message = "the configuration could not be read: " + std::move(message);
  loaded.diagnostics.push_back(std::move(diagnostic));
  return loaded;
}

}  // namespace

Loaded load(const LoadOptions& options) {
  try {
    return load_checked(options);
  } catch (const std::exception& problem) {
    return failed(problem.what());
  }
}

std::map<std::string, std::string> read_environment(const char* const* variables) {
  std::map<std::string, std::string> out;
  for (; variables != nullptr && *variables != nullptr; ++variables) {
    const std::string_view pair(*variables);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && equals > 0) out.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return out;
}

}  // namespace gatehouse::config
