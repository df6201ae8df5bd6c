#include "json.h"

#include <set>

#include "gatehouse/acme/exchange.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::acme {

namespace {

constexpr int kMaxDepth = 12;

// The last of two equal names would win; which one others saw is unknown.
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

Error bad(std::string_view what, std::string_view why) {
  return make_error("bad-document", std::string(what).append(" ").append(why));
}

}  // namespace

Result<Json> parse_object(std::string_view text, std::string_view what) {
  if (text.size() > kMaxAnswer) return bad(what, "is too long");
  Strictness strictness;
  Json json = Json::parse(text.begin(), text.end(), std::ref(strictness), /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad(what, "is no JSON");
  if (!json.is_object()) return bad(what, "is no JSON object");
  if (strictness.twice) return bad(what, "has a name twice");
  if (strictness.deep) return bad(what, "is nested too deeply");
  return json;
}

const Json* Members::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void Members::fail(std::string_view name, std::string_view why) {
  if (!error_) error_ = bad(what_, "has a wrong '" + std::string(name) + "': " + std::string(why));
}

void Members::take(const Result<void>& outcome) {
  if (!outcome && !error_) error_ = outcome.error();
}

std::string Members::text(const char* name) {
  const Json* const value = find(name);
  if (value == nullptr) return {};
  if (value->is_string() && value->get_ref<const std::string&>().size() <= kMaxText) return value->get<std::string>();
  fail(name, value->is_string() ? "too long" : "no string");
  return {};
}

std::string Members::required_text(const char* name) {
  std::string value = text(name);
  if (value.empty()) fail(name, "missing");
  return value;
}

std::string Members::url(const char* name) {
  std::string value = text(name);
  if (!value.empty() && !is_https_url(value)) fail(name, "no https URL");
  return value;
}

std::string Members::required_url(const char* name) {
  std::string value = url(name);
  if (value.empty()) fail(name, "missing");
  return value;
}

std::vector<std::string> Members::texts(const char* name) {
  std::vector<std::string> list;
  for (const Json& item : array(name)) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > kMaxText) {
      fail(name, "not all are strings");
      return {};
    }
    list.push_back(item.get<std::string>());
  }
  return list;
}

std::vector<std::string> Members::urls(const char* name) {
  std::vector<std::string> list = texts(name);
  for (const std::string& item : list) {
    if (!is_https_url(item)) fail(name, "not all are https URLs");
  }
  return list;
}

bool Members::flag(const char* name) {
  const Json* const value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) fail(name, "neither true nor false");
  return value->is_boolean() && value->get<bool>();
}

std::int64_t Members::integer(const char* name) {
  const Json* const value = find(name);
  if (value == nullptr) return 0;
  if (value->is_number_integer() && (!value->is_number_unsigned() || value->get<std::uint64_t>() <= INT64_MAX)) {
    return value->get<std::int64_t>();
  }
  fail(name, "no integer");
  return 0;
}

std::optional<runtime::WallTime> Members::time(const char* name) {
  if (!has(name)) return std::nullopt;
  const auto value = parse_rfc3339(text(name));
  if (value) return *value;
  fail(name, "no time");
  return std::nullopt;
}

const Json& Members::object(const char* name) {
  static const Json empty = Json::object();
  const Json* const value = find(name);
  if (value != nullptr && !value->is_object()) fail(name, "no object");
  return value != nullptr && value->is_object() ? *value : empty;
}

const Json& Members::array(const char* name) {
  static const Json empty = Json::array();
  const Json* const value = find(name);
  if (value == nullptr) return empty;
  if (!value->is_array()) fail(name, "no list");
  if (value->is_array() && value->size() > kMaxList) fail(name, "too many");
  return value->is_array() && value->size() <= kMaxList ? *value : empty;
}

}  // namespace gatehouse::acme
