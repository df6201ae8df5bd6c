#include <algorithm>
#include <charconv>
#include <cstring>

#include "gatehouse/base/json.h"
#include "gatehouse/base/terminal.h"
#include "log_shared.h"

namespace gatehouse::log {
namespace {

constexpr std::size_t kLevelWidth = 5;
constexpr std::size_t kNumberRoom = 32;

std::string_view look_of(std::string_view level) noexcept {
  if (level == "WARN") return terminal::kYellow;
  if (level == "ERROR" || level == "CRIT") return terminal::kRed;
  return level == "INFO" ? std::string_view() : terminal::kDim;
}

}  // namespace

HumanLine::HumanLine(std::span<char> buffer, WallTime time, std::string_view level, std::string_view module) noexcept
    : begin_(buffer.data()), at_(begin_), limit_(begin_ + buffer.size() - 1) {
  write_time_of_day(at_, time);
  at_ += kTimeOfDaySize;
  raw(" ");
  const std::string_view look = colored_lines() ? look_of(level) : std::string_view();
  raw(look);
  raw(level);
  if (!look.empty()) raw(terminal::kPlain);
  raw(std::string_view("      ").substr(std::min(level.size(), kLevelWidth)));
  escaped(module);
  raw("  ");
}

void HumanLine::raw(std::string_view clean) noexcept {
  const std::size_t size = std::min(clean.size(), static_cast<std::size_t>(limit_ - at_));
  if (size > 0) std::memcpy(at_, clean.data(), size);
  at_ += size;
}

void HumanLine::escaped(std::string_view foreign) noexcept { at_ = json::append_escaped(at_, limit_, foreign).end; }

void HumanLine::value(std::string_view foreign) noexcept {
  if (!foreign.empty() && json::is_clean(foreign) && foreign.find_first_of(" =") == std::string_view::npos) {
    return raw(foreign);
  }
  raw("\"");
  escaped(foreign);
  raw("\"");
}

void HumanLine::integer(std::int64_t value) noexcept {
  char text[kNumberRoom];
  raw({text, std::to_chars(text, text + sizeof text, value).ptr});
}

void HumanLine::number(double value) noexcept {
  char text[kNumberRoom];
  raw({text, std::to_chars(text, text + sizeof text, value).ptr});
}

void HumanLine::milliseconds(std::chrono::nanoseconds value) noexcept {
  const std::int64_t tenths = std::max<std::int64_t>(value.count(), 0) / 100'000;
  integer(tenths / 10);
  raw(".");
  integer(tenths % 10);
  raw(" ms");
}

std::size_t HumanLine::finish() noexcept {
  *at_++ = '\n';
  return static_cast<std::size_t>(at_ - begin_);
}

}  // namespace gatehouse::log
