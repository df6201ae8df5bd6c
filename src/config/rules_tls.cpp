// Rules about what TLS listeners ask of their clients.
#include <sys/stat.h>

#include <cerrno>
#include <map>

#include "loader.h"

namespace gatehouse::config {
namespace {

void check_file(Context& context, const std::string& file, const std::string& path) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR)) return;
  context.report.error(spot_at(context, path), path, "file-unreadable", "there is no file " + file);
}

void check_rule(Context& context, const tls::ClientAuthSettings& rule, const std::string& path) {
  if (rule.mode == tls::ClientAuthMode::kOff) return;
  if (rule.ca.empty())
    context.report.error(spot_at(context, path), path + ".ca", "missing-key",
                         "'ca' is missing: whose certificates of clients are trusted?");
  check_file(context, rule.ca, path + ".ca");
  check_file(context, rule.crl, path + ".crl");
}

void check_names(Context& context, const edge::ListenerSettings& listener, const std::string& path) {
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < listener.tls_names.size(); ++i) {
    const std::string item = item_path(path, i);
    check_rule(context, listener.tls_names[i].client_auth, item + ".client_auth");
    for (const std::string& host : listener.tls_names[i].hosts) {
      if (seen.emplace(host, i).second) continue;
      context.report.error(spot_at(context, item + ".hosts"), item + ".hosts", "conflict",
                           "'" + host + "' is already in " + item_path(path, seen.at(host)));
    }
  }
}

}  // namespace

void check_client_auth(Context& context, Draft& draft) {
  for (const edge::ListenerSettings& listener : draft.out.edge.listeners) {
    const std::string path = "listeners." + listener.name + ".tls";
    check_rule(context, listener.client_auth, path + ".client_auth");
    check_names(context, listener, path + ".names");
  }
}

}  // namespace gatehouse::config
