// What the application log and the access log share.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "line_output.h"

namespace gatehouse::log {

// Where the application log goes; the access log shares it when it goes to the same descriptor.
LineOutput& shared_output() noexcept;

// Lines lost in the rings of the access log: dropped_lines() counts them too, and a line soon tells of them.
void add_dropped(std::uint64_t lines) noexcept;

// How lines look, as configure() decided.
bool human_lines() noexcept;
bool colored_lines() noexcept;  // the level of a line for people has a colour
bool journal_lines() noexcept;  // stdout is the journal: a level goes before each line

// A line for people: "12:00:01.000 INFO  edge  listening  address=127.0.0.1:8080". Control characters are escaped as in
// JSON; what does not fit is cut.
class HumanLine {
 public:
  HumanLine(std::span<char> buffer, WallTime time, std::string_view level, std::string_view module) noexcept;

  void raw(std::string_view clean) noexcept;       // text of ours
  void escaped(std::string_view foreign) noexcept;
  void milliseconds(std::chrono::nanoseconds value) noexcept;
  void integer(std::int64_t value) noexcept;
  void number(double value) noexcept;
  void value(std::string_view foreign) noexcept;   // quoted unless it is one clean word
  std::size_t finish() noexcept;

 private:
  char* begin_;
  char* at_;
  char* limit_;
};

}  // namespace gatehouse::log
