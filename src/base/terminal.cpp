#include "gatehouse/base/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace gatehouse::terminal {

bool shows_color(int descriptor) {
  if (::isatty(descriptor) != 1) return false;
  const char* const off = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  return (off == nullptr || *off == '\0') && term != nullptr && std::string_view(term) != "dumb";
}

}  // namespace gatehouse::terminal
