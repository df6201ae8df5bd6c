#include "lists.h"

#include <nlohmann/json.hpp>

#include "gatehouse/base/encoding.h"

namespace gatehouse::state {

std::string join_words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    if (end != 0) words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

std::string to_json_array(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    append_json_string(out, item);
  }
  return out += ']';
}

std::optional<std::vector<std::string>> from_json_array(std::string_view text) {
  const auto array = nlohmann::json::parse(text, nullptr, false);
  if (!array.is_array()) return std::nullopt;
  std::vector<std::string> items;
  for (const auto& item : array) {
    if (!item.is_string()) return std::nullopt;
    items.push_back(item.get<std::string>());
  }
  return items;
}

bool is_json(std::string_view text) { return nlohmann::json::accept(text); }

}  // namespace gatehouse::state
