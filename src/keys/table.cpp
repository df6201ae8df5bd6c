#include "parts.h"

#include <algorithm>

#include "gatehouse/services/known.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::keys {
namespace {

// Of the sections in the reference.
constexpr std::string_view kOrder[] = {
    "profile", "workers", "log", "listeners", "certificates", "upstreams", "routes", "mcp", "state",
    "backup", "access", "admin", "metrics", "trusted_proxies", "timeouts", "limits", "headers", "podman", "services"};

template <class Item>
Item& by_name(std::vector<Item>& items, const std::string& name, std::string Item::*field) {
  for (Item& item : items)
    if (item.*field == name) return item;
  items.emplace_back().*field = name;
  return items.back();
}

template <class Item>
Item& by_index(std::vector<Item>& items, std::size_t index) {
  if (items.size() <= index) items.resize(index + 1);
  return items[index];
}

// "routes[].to" as {"routes", "[]", "to"}.
Branch& grow(Branch& root, std::string_view path) {
  Branch* branch = &root;
  for (const std::string& segment : yaml::split_path(path)) {
    auto found = std::find_if(branch->children.begin(), branch->children.end(),
                              [&](const Branch& child) { return child.segment == segment; });
    if (found == branch->children.end()) {
      branch->children.emplace_back().segment = segment;
      found = branch->children.end() - 1;
    }
    branch = &*found;
  }
  return *branch;
}

}  // namespace

bool Configuration::has_profile(std::string_view name) const {
  return std::find(profiles.begin(), profiles.end(), name) != profiles.end();
}

edge::ListenerSettings& Draft::listener(const Place& place) {
  return by_name(out.edge.listeners, place.names.at(0), &edge::ListenerSettings::name);
}
edge::RouteSettings& Draft::route(const Place& place) { return by_index(out.edge.routes, place.indices.at(0)); }
edge::FixedResponse& Draft::respond(const Place& place) {
  auto& response = route(place).respond;
  if (!response) response.emplace();
  return *response;
}
tls::CertificateFile& Draft::certificate(const Place& place) {
  return by_index(out.edge.certificates.files, place.indices.at(0));
}
issuer::AuthorityChoice& Draft::authority(const Place& place) {
  return by_index(out.acme.authorities, place.indices.at(0));
}
upstream::GroupSettings& Draft::group(const Place& place) {
  return by_name(out.upstreams, place.names.at(0), &upstream::GroupSettings::name);
}
upstream::ServerSettings& Draft::server(const Place& place) {
  return by_index(group(place).servers, place.indices.at(0));
}
mcp::ServerSettings& Draft::mcp_server(const Place& place) {
  return by_name(out.mcp.servers, place.names.at(0), &mcp::ServerSettings::name);
}
mcp::EndpointSettings& Draft::endpoint(const Place& place) {
  return by_name(out.mcp.endpoints, place.names.at(0), &mcp::EndpointSettings::path);
}

services::ServiceSettings& Draft::service(const Place& place) {
  auto& all = out.services.services;
  const std::string& name = place.names.at(0);
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found != all.end() ? *found : all.emplace_back(services::default_service(name, services::Limits::kOn));
}
services::Dependency& Draft::dependency(const Place& place) {
  return by_name(service(place).depends_on, place.names.at(1), &services::Dependency::service);
}
services::SecretFile& Draft::service_secret(const Place& place) {
  return by_name(service(place).secrets, place.names.at(1), &services::SecretFile::name);
}

std::string shown_text(const Key& key, std::string_view text) {
  if (key.sensitive && !text.empty()) return std::string(Secret::redacted());
  return key.shown == nullptr ? std::string(text) : key.shown(text);
}

const Branch* Branch::find(std::string_view wanted) const {
  for (const Branch& child : children)
    if (child.segment == wanted) return &child;
  return nullptr;
}

const std::vector<const Key*>& all_keys() {
  static const std::vector<const Key*> keys = [] {
    std::vector<const Key*> out;
    for (const std::string_view top : kOrder)
      for (const auto& part : {core_keys(), certificate_keys(), access_keys(), edge_keys(), upstream_keys(), mcp_keys(), state_keys(), backup_keys(),
                               service_keys(), service_care_keys()})
        for (const Key& key : part)
          if (key.path.substr(0, key.path.find_first_of(".[")) == top) out.push_back(&key);
    return out;
  }();
  return keys;
}

const Branch& key_tree() {
  static const Branch tree = [] {
    Branch root;
    for (const Key* key : all_keys()) grow(root, key->path).key = key;
    for (const Section& section : sections()) grow(root, section.path).section = &section;
    return root;
  }();
  return tree;
}

const Branch* find_branch(std::string_view path) {
  const Branch* branch = &key_tree();
  for (const std::string& segment : yaml::split_path(path)) {
    std::size_t index = 0;
    const Branch* next = yaml::is_index(segment, index) ? branch->any_index() : branch->find(segment);
    if (next == nullptr) next = branch->any_name();
    if (next == nullptr) return nullptr;
    branch = next;
  }
  return branch;
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> out;
  while (!choices.empty()) {
    const std::size_t bar = choices.find('|');
    out.push_back(choices.substr(0, bar));
    choices.remove_prefix(bar == std::string_view::npos ? choices.size() : bar + 1);
  }
  return out;
}

std::string join_choices(std::string_view choices) {
  std::string out;
  for (const std::string_view choice : split_choices(choices)) out += (out.empty() ? "" : ", ") + std::string(choice);
  return out;
}

std::string number_text(const Key& key, std::int64_t number) {
  if (key.type == Type::kDuration) return yaml::duration_text(number);
  if (key.type == Type::kSize) return yaml::size_text(number);
  return std::to_string(number);
}

std::string range_text(const Key& key) { return number_text(key, key.min) + " to " + number_text(key, key.max); }

std::string type_text(const Key& key) {
  const std::string range = key.max == 0 ? "" : ", " + range_text(key);
  switch (key.type) {
    case Type::kString: return "text";
    case Type::kInteger: return "integer" + range;
    case Type::kBoolean: return "true or false";
    case Type::kDuration: return "duration" + range;
    case Type::kSize: return "size" + range;
    case Type::kEnum: return "one of " + join_choices(key.choices);
    case Type::kAddress: return "address";
    case Type::kPath: return "path";
    case Type::kSecret: return "secret reference";
    case Type::kStrings: return key.choices.empty() ? "list of texts" : "list of " + join_choices(key.choices);
    case Type::kCidrs: return "list of networks";
    case Type::kMap: return "mapping of texts";
    case Type::kLater: return "not available";
  }
  return {};
}

}  // namespace gatehouse::keys
