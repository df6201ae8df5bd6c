// Every slug that the loader uses, with its meaning. A test compares this list with the code and with the golden files.
#pragma once

#include <span>
#include <string_view>

namespace gatehouse::config {

struct Slug {
  std::string_view name;
  std::string_view meaning;
};
std::span<const Slug> slugs();

}  // namespace gatehouse::config
