// Members of JSON values of others: what is missing or of another type is as if it was not there.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/podman/types.h"

namespace gatehouse::podman {

using Json = nlohmann::json;

inline Error bad_answer(std::string_view what) { return make_error("podman-bad-answer", "Podman's answer is not " + std::string(what)); }

inline const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}
inline std::string text_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}
inline std::int64_t number_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}
inline bool flag_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_boolean() && value.get<bool>();
}
inline Labels labels_of(const Json& object, const char* key) {
  Labels out;
  const Json& value = member(object, key);
  if (!value.is_object()) return out;
  for (const auto& [name, text] : value.items())
    if (text.is_string()) out.emplace(name, text.get<std::string>());
  return out;
}

}  // namespace gatehouse::podman
