#include "input.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "gatehouse/base/encoding.h"

namespace gatehouse::admin {

namespace {

constexpr int kMaxDepth = 16;

Error unfit(std::string message) { return make_error("unprocessable", std::move(message)); }

// The last of two equal names would win; which one a reader in front of us saw is unknown.
struct Strictness {
  std::vector<std::set<std::string>> names;
  bool twice = false;
  bool deep = false;

  bool operator()(int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kMaxDepth) deep = true;
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get_ref<const std::string&>()).second) twice = true;
    return true;
  }
};

}  // namespace

Result<Input> Input::parse(const std::string& body, std::initializer_list<std::string_view> keys) {
  Strictness strictness;
  Json value = Json::parse(body, std::ref(strictness), false);
  if (value.is_discarded()) return make_error("malformed-json", "the body is not JSON");
  if (!value.is_object()) return unfit("the body is no JSON object");
  if (strictness.twice) return unfit("a key is there twice");
  if (strictness.deep) return unfit("the body is nested too deeply");
  for (const auto& item : value.items()) {
    if (std::find(keys.begin(), keys.end(), item.key()) != keys.end()) continue;
    std::string known;
    for (const std::string_view key : keys) known.append(known.empty() ? "" : ", ").append(key);
    return unfit("unknown key '" + item.key().substr(0, 64) + "'; keys: " + known);
  }
  return Input(std::move(value));
}

const Json* Input::find(std::string_view key) const {
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

void Input::fail(std::string message) {
  if (!error_) error_ = unfit(std::move(message));
}

std::optional<std::string> Input::text(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  fail(std::string(key) + " is no string");
  return std::nullopt;
}

std::optional<bool> Input::flag(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  fail(std::string(key) + " is neither true nor false");
  return std::nullopt;
}

std::optional<std::int64_t> Input::integer(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX)) {
    return value->get<std::int64_t>();
  }
  fail(std::string(key) + " is no integer");
  return std::nullopt;
}

std::optional<std::vector<std::string>> Input::texts(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> list;
  if (value->is_array()) {
    for (const Json& item : *value) {
      if (item.is_string()) list.push_back(item.get<std::string>());
    }
  }
  if (value->is_array() && list.size() == value->size()) return list;
  fail(std::string(key) + " is no list of strings");
  return std::nullopt;
}

std::optional<runtime::WallTime> Input::time(std::string_view key) {
  const auto value = text(key);
  if (!value) return std::nullopt;
  auto parsed = parse_rfc3339(*value);
  if (parsed) return *parsed;
  fail(std::string(key) + ": " + parsed.error().message);
  return std::nullopt;
}

std::optional<Json> Input::object(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_object()) return *value;
  fail(std::string(key) + " is no object");
  return std::nullopt;
}

std::string Input::required_text(std::string_view key) {
  auto value = text(key);
  if (!value) fail(std::string(key) + " is missing");
  return value.value_or("");
}

Result<Form> parse_form(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return unfit("the form has a field without '='");
    auto name = decode_form(pair.substr(0, equals));
    auto value = decode_form(pair.substr(equals + 1));
    if (!name || !value) return unfit("the form has a broken % escape");
    for (const auto& [other, ignored] : form) {
      if (other == *name) return unfit("the form has a field twice");
    }
    if (form.size() == 16) return unfit("the form has too many fields");
    form.emplace_back(*std::move(name), *std::move(value));
  }
  return form;
}

std::optional<std::int64_t> parse_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (problem != std::errc() || end != text.data() + text.size() || id <= 0 || text.front() == '0') return std::nullopt;
  return id;
}

}  // namespace gatehouse::admin
