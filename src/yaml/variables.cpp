#include "gatehouse/yaml/variables.h"

#include <algorithm>

namespace gatehouse::yaml {
namespace {

constexpr std::size_t kMaxValue = 64 * 1024;
constexpr int kMaxNesting = 16;

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }

class Reader {
 public:
  Reader(std::string_view text, Variables& variables) : rest_(text), variables_(variables) {}

  // Up to the end, or to the } that closes the braces we are in. `live`: false when the result is thrown away, so that
  // unset variables in it do not matter.
  Result<std::string> text(bool nested, bool live, int depth) {
    std::string out;
    while (!rest_.empty() && !(nested && rest_[0] == '}')) {
      if (rest_[0] != '$') {
        out.push_back(rest_[0]);
        rest_.remove_prefix(1);
      } else if (rest_.starts_with("$$")) {
        out.push_back('$');
        rest_.remove_prefix(2);
      } else {
        auto value = variable(live, depth);
        if (!value) return value;
        out += *value;
      }
      if (out.size() > kMaxValue) return make_error("bad-interpolation", "longer than 64 KiB when its variables are filled in");
    }
    return out;
  }

 private:
  Result<std::string> variable(bool live, int depth) {
    if (!rest_.starts_with("${"))
      return Error{"bad-interpolation", "'$' begins a variable: ${NAME}", "write $$ for a dollar sign"};
    if (depth >= kMaxNesting) return make_error("bad-interpolation", "variables are nested more than 16 deep");
    rest_.remove_prefix(2);
    const std::string name = take_name();
    if (name.empty()) return make_error("bad-interpolation", "'${' is followed by the name of a variable");
    const bool colon = take(':');
    const char operation = rest_.empty() ? '\0' : rest_[0];
    const std::string* value = variables_.find(name);
    const bool present = value != nullptr && !(colon && value->empty());
    if (!colon && operation == '}') return plain(name, value, live);
    if (operation != '-' && operation != '?' && operation != '+')
      return make_error("bad-interpolation", "after ${" + name + " comes }, :-, :? or :+");
    rest_.remove_prefix(1);
    auto word = text(true, live && present == (operation == '+'), depth + 1);
    if (!word) return word;
    if (!take('}')) return make_error("bad-interpolation", "${" + name + " is not closed by }");
    return choose(operation, name, present ? value : nullptr, std::move(*word), live);
  }

  Result<std::string> plain(const std::string& name, const std::string* value, bool live) {
    rest_.remove_prefix(1);
    if (value != nullptr) return *value;
    if (!live) return std::string();
    return Error{"unset-variable", "the variable " + name + " is not set", "set it, or write ${" + name + ":-default}"};
  }

  static Result<std::string> choose(char operation, const std::string& name, const std::string* value, std::string word,
                                    bool live) {
    if (operation == '+') return value != nullptr ? std::move(word) : std::string();
    if (value != nullptr) return *value;
    if (operation == '-' || !live) return word;
    return make_error("unset-variable", "the variable " + name + " is needed" + (word.empty() ? "" : ": " + word));
  }

  std::string take_name() {
    std::size_t size = 0;
    while (size < rest_.size() && (size == 0 ? starts_name(rest_[0]) : in_name(rest_[size]))) ++size;
    const std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return name;
  }

  bool take(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  Variables& variables_;
};

}  // namespace

bool is_variable_name(std::string_view text) {
  return !text.empty() && starts_name(text[0]) && std::all_of(text.begin(), text.end(), in_name);
}

const std::string* Variables::find(const std::string& name) {
  used.insert(name);
  const auto take = [&](const Environment& tier, const char* label) -> const std::string* {
    const auto found = tier.find(name);
    if (found == tier.end()) return nullptr;
    if (const std::string text = name + " (" + label + ")"; std::find(taken.begin(), taken.end(), text) == taken.end()) taken.push_back(text);
    return &found->second;
  };
  const std::string* const value = take(environment, "environment");
  return value != nullptr ? value : take(dotenv, ".env");
}

Result<std::string> interpolate(std::string_view text, Variables& variables) {
  return Reader(text, variables).text(false, true, 0);
}

}  // namespace gatehouse::yaml
