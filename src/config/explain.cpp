#include "gatehouse/config/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "loader.h"

namespace gatehouse::config {
namespace {

bool is_below(std::string_view path, std::string_view key) {
  if (key.empty() || path == key) return true;
  return path.starts_with(key) && (path[key.size()] == '.' || path[key.size()] == '[');
}

std::string shown(const std::string& value) {
  if (value.empty()) return "\"\"";
  std::string out;
  for (const char c : value) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return out;
}

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

constexpr std::size_t kTierWidth = 14;

std::string one_line(const Leaf& leaf) {
  std::string out = leaf.path + " = " + shown(leaf.value) + "   (" + std::string(to_string(leaf.from.tier));
  if (!leaf.from.place.empty()) out += " " + leaf.from.place;
  return out + ")\n";
}

std::string full(const Leaf& leaf) {
  std::size_t width = 0;
  for (const Origin& origin : leaf.over) width = std::max(width, origin.place.size());
  std::string out = leaf.path + " = " + shown(leaf.value) + "\n";
  out += "  from   " + padded(to_string(leaf.from.tier), kTierWidth) + leaf.from.place;
  if (!leaf.from.note.empty()) out += " (" + leaf.from.note + ")";
  while (out.ends_with(' ')) out.pop_back();
  out += "\n";
  for (const Origin& origin : leaf.over)
    out += "  over   " + padded(to_string(origin.tier), kTierWidth) + padded(origin.place, width) + "  " +
           shown(origin.value) + "\n";
  return out + "  change needs a restart: " + (leaf.needs_restart ? "yes" : "no") + "\n";
}

Result<std::vector<const Leaf*>> select(const Provenance& provenance, std::string_view key) {
  std::vector<const Leaf*> out;
  for (const Leaf& leaf : provenance)
    if (is_below(leaf.path, key)) out.push_back(&leaf);
  if (!out.empty()) return out;
  if (const Branch* branch = find_branch(key); branch != nullptr && branch != &key_tree())
    return make_error("unknown-key", "'" + std::string(key) + "' is not set and has no default");
  std::vector<std::string> names;
  for (const Leaf& leaf : provenance) names.push_back(leaf.path);
  return make_error("unknown-key", "no key is called '" + std::string(key) + "'", yaml::suggest(key, names));
}

nlohmann::json to_json(const Origin& origin) {
  nlohmann::json out = {{"tier", to_string(origin.tier)}, {"value", origin.value}};
  if (!origin.place.empty()) out["place"] = origin.place;
  if (!origin.note.empty()) out["note"] = origin.note;
  return out;
}

nlohmann::json to_json(const Leaf& leaf) {
  nlohmann::json out = {{"key", leaf.path}, {"value", leaf.value}, {"from", to_json(leaf.from)},
                        {"over", nlohmann::json::array()}, {"needs_restart", leaf.needs_restart}};
  for (const Origin& origin : leaf.over) out["over"].push_back(to_json(origin));
  return out;
}

}  // namespace

Result<std::string> explain(const Provenance& provenance, std::string_view key) {
  auto leaves = select(provenance, key);
  if (!leaves) return std::move(leaves).error();
  std::string out;
  for (const Leaf* leaf : *leaves) out += leaf->path == key ? full(*leaf) : one_line(*leaf);
  return out;
}

Result<std::string> explain_json(const Provenance& provenance, std::string_view key) {
  auto leaves = select(provenance, key);
  if (!leaves) return std::move(leaves).error();
  nlohmann::json items = nlohmann::json::array();
  for (const Leaf* leaf : *leaves) items.push_back(to_json(*leaf));
  const nlohmann::json out = {{"kind", "ConfigValueList"}, {"version", 1}, {"items", std::move(items)}};
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace gatehouse::config
