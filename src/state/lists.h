// Lists of texts in one column. Scopes have no spaces and are joined by one; commands may hold anything and are a JSON
// array of strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::state {

std::string join_words(const std::vector<std::string>& words);
std::vector<std::string> split_words(std::string_view text);
std::string to_json_array(const std::vector<std::string>& items);
std::optional<std::vector<std::string>> from_json_array(std::string_view text);
bool is_json(std::string_view text);

}  // namespace gatehouse::state
