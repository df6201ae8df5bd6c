// Reading what clients send: JSON objects with known keys, and forms. Nothing is guessed: the first thing that is wrong is
// the error.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "answers.h"

namespace gatehouse::admin {

// One object. Ask for what is wanted, then look at error(). A key that is null counts as absent.
class Input {
 public:
  // Errors: "malformed-json" (400); "unprocessable" (422): no object, a key twice or unknown.
  static Result<Input> parse(const std::string& body, std::initializer_list<std::string_view> keys);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> flag(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);
  std::optional<runtime::WallTime> time(std::string_view key);
  std::optional<Json> object(std::string_view key);
  std::string required_text(std::string_view key);

  void fail(std::string message);
  const std::optional<Error>& error() const { return error_; }

 private:
  explicit Input(Json value) : value_(std::move(value)) {}
  const Json* find(std::string_view key) const;
  Json value_;
  std::optional<Error> error_;
};

using Form = std::vector<std::pair<std::string, std::string>>;
// application/x-www-form-urlencoded; a broken escape or a name twice is an error ("unprocessable").
Result<Form> parse_form(std::string_view text);

// A positive number without sign or leading zeros; what else an id could be does not exist.
std::optional<std::int64_t> parse_id(std::string_view text);

}  // namespace gatehouse::admin
