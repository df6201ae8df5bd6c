#include <set>

#include "loader.h"

namespace gatehouse::config {
namespace {

std::string shown(const Key* key, const Configuration& configuration, const std::string& path) {
  const auto found = configuration.values.find(path);
  if (found == configuration.values.end()) return {};
  return key == nullptr ? std::string(found->second.reveal()) : keys::shown_text(*key, found->second.reveal());
}

bool same(const Configuration& a, const Configuration& b, const std::string& path) {
  const auto left = a.values.find(path);
  const auto right = b.values.find(path);
  if (left == a.values.end() || right == b.values.end()) return left == a.values.end() && right == b.values.end();
  return left->second.reveal() == right->second.reveal();
}

}  // namespace

Configuration keep_until_restart(const Configuration& running, Configuration wanted) {
  wanted.profiles = running.profiles;
  wanted.workers = running.workers;
  wanted.admin_socket = running.admin_socket;
  wanted.metrics_compat = running.metrics_compat;
  wanted.state = running.state;
  wanted.access = running.access;
  wanted.services.podman = running.services.podman;
  for (const Key* key : all_keys()) {
    if (!key->restart) continue;
    const std::string path(key->path);
    wanted.values.erase(path);
    if (const auto found = running.values.find(path); found != running.values.end()) wanted.values.insert(*found);
  }
  return wanted;
}

std::vector<Change> diff(const Configuration& before, const Configuration& after) {
  std::set<std::string> paths;
  for (const auto& [path, value] : before.values) paths.insert(path);
  for (const auto& [path, value] : after.values) paths.insert(path);
  std::vector<Change> out;
  for (const std::string& path : paths) {
    if (same(before, after, path)) continue;
    const Branch* branch = find_branch(path);
    const Key* key = branch == nullptr ? nullptr : branch->key;
    out.push_back({path, shown(key, before, path), shown(key, after, path), key != nullptr && key->restart});
  }
  return out;
}

}  // namespace gatehouse::config
