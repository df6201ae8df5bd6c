// Colours for people who look at a terminal; nobody else gets them.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::terminal {

// `descriptor` is a terminal, and neither NO_COLOR (https://no-color.org/) nor TERM=dumb says otherwise. Reads the
// environment.
bool shows_color(int descriptor);

inline constexpr std::string_view kBold = "\033[1m";
inline constexpr std::string_view kDim = "\033[2m";
inline constexpr std::string_view kRed = "\033[31m";
inline constexpr std::string_view kYellow = "\033[33m";
inline constexpr std::string_view kPlain = "\033[0m";

// `text` in that look, or as it is when `look` is empty.
inline std::string in(std::string_view look, std::string_view text) {
  if (look.empty() || text.empty()) return std::string(text);
  return std::string(look).append(text).append(kPlain);
}

}  // namespace gatehouse::terminal
