// "did you mean": the nearest of some names, by edits (insert, delete, replace, swap).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::config {

// "did you mean 'x'?", or empty when nothing is near.
std::string suggest(std::string_view word, const std::vector<std::string>& names);

}  // namespace gatehouse::config
