// What a child writes on stderr, as lines of our log: bounded in length and rate, with the number of those left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/runtime/clock.h"
#include "line_reader.h"

namespace gatehouse::stdio {

class ChildLog {
 public:
  ChildLog(std::string server, const runtime::Clock& clock);
  void feed(std::string_view bytes);
  void garbage(std::string_view line);       // stdout that is no message; logged once per child
  std::string_view last_line() const noexcept { return last_line_; }  // a hint why it died

 private:
  void line(std::string_view text);

  std::string server_;
  const runtime::Clock& clock_;
  LineReader lines_;
  std::string last_line_;
  runtime::SteadyTime refilled_;
  double tokens_;
  std::uint64_t suppressed_ = 0;
  bool garbage_seen_ = false;
};

}  // namespace gatehouse::stdio
