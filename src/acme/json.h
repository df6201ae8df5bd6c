// Reading the members of one JSON object. Ask for what is wanted, then look at error(): the first thing that was wrong. A
// member that is null counts as absent.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::acme {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxText = 2048;  // bytes of a string
inline constexpr std::size_t kMaxList = 200;   // elements of an array

// An object without a name twice, at most 12 deep. `what` is for messages: "the order". Slug "bad-document".
Result<Json> parse_object(std::string_view text, std::string_view what);

class Members {
 public:
  Members(const Json& object, std::string what) : object_(object), what_(std::move(what)) {}

  bool has(const char* name) const { return find(name) != nullptr; }
  std::string text(const char* name);                    // empty when absent
  std::string required_text(const char* name);           // not empty
  std::string url(const char* name);                     // https; empty when absent
  std::string required_url(const char* name);
  std::vector<std::string> texts(const char* name);
  std::vector<std::string> urls(const char* name);
  bool flag(const char* name);                           // false when absent
  std::int64_t integer(const char* name);                // 0 when absent
  std::optional<runtime::WallTime> time(const char* name);
  const Json& object(const char* name);                  // an empty object when absent
  const Json& array(const char* name);                   // an empty array when absent

  void fail(std::string_view name, std::string_view why);
  void take(const Result<void>& outcome);                // an error of something inside becomes ours
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  const Json* find(const char* name) const;

  const Json& object_;
  std::string what_;
  std::optional<Error> error_;
};

inline std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace gatehouse::acme
