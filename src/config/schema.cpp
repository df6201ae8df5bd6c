// JSON Schema, draft-07, for editors: every scalar may also be a text with a variable in it.
#include <nlohmann/json.hpp>

#include "gatehouse/config/explain.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNames = "^[A-Za-z0-9_-]{1,64}$";
constexpr const char* kEndpointPaths = "^(/[A-Za-z0-9_-]+)+$";

Json choices_json(std::string_view choices) {
  Json out = Json::array();
  for (const std::string_view choice : keys::split_choices(choices)) out.push_back(std::string(choice));
  return out;
}

Json or_variable(Json type) {
  Json variable = {{"type", "string"}, {"pattern", "\\$\\{"}};
  return {{"anyOf", Json::array({std::move(type), std::move(variable)})}};
}

// What YAML calls a number or a boolean is a text where a text is expected.
Json text_json() { return {{"type", Json::array({"string", "number", "boolean"})}}; }

// A number or a boolean may stand in quotes.
Json or_quoted(Json type, const char* pattern) {
  Json out = or_variable(std::move(type));
  out["anyOf"].push_back({{"type", "string"}, {"pattern", pattern}});
  return out;
}

Json text_list(const Key& key) {
  Json item = text_json();
  if (!key.choices.empty()) item = or_variable({{"type", "string"}, {"enum", choices_json(key.choices)}});
  Json list = {{"type", "array"}, {"items", item}};
  if (key.max != 0) list["minItems"] = key.min, list["maxItems"] = key.max;
  return {{"anyOf", Json::array({std::move(list), std::move(item)})}};
}

Json scalar_schema(const Key& key) {
  switch (key.type) {
    case Type::kInteger: {
      Json out = {{"type", "integer"}};
      if (key.max != 0) out["minimum"] = key.min, out["maximum"] = key.max;
      return or_quoted(std::move(out), "^-?[0-9]+$");
    }
    case Type::kBoolean: return or_quoted({{"type", "boolean"}}, "^(true|false)$");
    case Type::kDuration: return or_variable({{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h|d)$"}});
    case Type::kSize: return or_variable({{"type", "string"}, {"pattern", "^[0-9]+(B|KiB|MiB|GiB)$"}});
    case Type::kEnum: return or_variable({{"type", "string"}, {"enum", choices_json(key.choices)}});
    case Type::kStrings:
    case Type::kCidrs: return text_list(key);
    case Type::kMap: return {{"type", "object"}, {"additionalProperties", text_json()}};
    case Type::kString:
    case Type::kPath:
    case Type::kSecret: return text_json();
    case Type::kAddress: return {{"type", "string"}};
    case Type::kLater: return false;
  }
  return false;
}

Json leaf_schema(const Key& key) {
  Json out = scalar_schema(key);
  out["description"] = std::string(key.help);
  return out;
}

Json branch_schema(const Branch& branch, const std::string& path);

Json object_schema(const Branch& branch, const std::string& path) {
  Json out = {{"type", Json::array({"object", "null"})}, {"additionalProperties", false}};
  Json required = Json::array();
  for (const Branch& child : branch.children) {
    if (child.key != nullptr && child.key->type == Type::kLater) continue;
    if (child.segment == "*") {
      const char* names = path == "mcp.endpoints" ? kEndpointPaths : kNames;
      out["patternProperties"] = {{names, branch_schema(child, path + ".*")}};
      continue;
    }
    out["properties"][child.segment] = branch_schema(child, path.empty() ? child.segment : path + "." + child.segment);
    const bool needed = child.key != nullptr ? child.key->required && child.key->named.empty()
                                             : child.section != nullptr && child.section->required;
    if (needed) required.push_back(child.segment);
  }
  if (!required.empty()) out["required"] = std::move(required);
  if (!required.empty()) out["type"] = "object";
  return out;
}

Json branch_schema(const Branch& branch, const std::string& path) {
  if (branch.key != nullptr) return leaf_schema(*branch.key);
  Json out;
  if (const Branch* item = branch.any_index()) {
    const bool required = branch.section != nullptr && branch.section->required;
    out = {{"type", required ? Json("array") : Json::array({"array", "null"})}, {"items", branch_schema(*item, path + "[]")}};
    if (required) out["minItems"] = 1;
  } else {
    out = object_schema(branch, path);
    const bool shorthand = branch.section != nullptr && !branch.section->shorthand.empty();
    if (shorthand) out = {{"anyOf", Json::array({std::move(out), {{"type", "string"}}})}};
  }
  if (branch.section != nullptr && !branch.section->help.empty()) out["description"] = std::string(branch.section->help);
  return out;
}

}  // namespace

std::string schema() {
  Json out = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "gatehouse configuration"}};
  out.update(branch_schema(key_tree(), {}));
  const Json text = {{"type", "string"}};
  out["properties"]["include"] = {{"anyOf", Json::array({text, {{"type", "array"}, {"items", text}}})},
                                  {"description", "Files to merge, for example conf.d/*.yaml"}};
  return out.dump(2) + "\n";
}

}  // namespace gatehouse::config
