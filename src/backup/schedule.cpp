#include "gatehouse/backup/schedule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "gatehouse/base/check.h"

namespace gatehouse::backup {

namespace {

constexpr std::size_t kMaxText = 256;
constexpr std::size_t kFields = 5;
// From one leap day to the next on the same weekday, across a year that has none (1900, 2100).
constexpr int kSearchDays = 40 * 366 + 1;

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct Field {
  std::string_view name;
  unsigned first;
  unsigned last;
  Names names;
};
constexpr Field kMinute{"minute", 0, 59, {}};
constexpr Field kHour{"hour", 0, 23, {}};
constexpr Field kDay{"day of month", 1, 31, {}};
constexpr Field kMonth{"month", 1, 12, kMonths};
constexpr Field kWeekday{"day of week", 0, 7, kWeekdays};

struct Nickname {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Nickname, 7> kNicknames = {{{"@yearly", "0 0 1 1 *"},
                                                 {"@annually", "0 0 1 1 *"},
                                                 {"@monthly", "0 0 1 * *"},
                                                 {"@weekly", "0 0 * * 0"},
                                                 {"@daily", "0 0 * * *"},
                                                 {"@midnight", "0 0 * * *"},
                                                 {"@hourly", "0 * * * *"}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<unsigned> digits(std::string_view text) {
  unsigned value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<unsigned> number(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.names.size(); ++i)
    if (same_word(text, field.names[i])) return field.first + static_cast<unsigned>(i);
  const auto value = digits(text);
  return value && *value >= field.first && *value <= field.last ? value : std::nullopt;
}

struct Range {
  unsigned first, last;
  unsigned step = 1;
};

// "*", "5", "1-5", each with "/2".
std::optional<Range> range(std::string_view text, const Field& field) {
  const std::size_t slash = text.find('/');
  const std::string_view span = text.substr(0, slash);
  const std::size_t dash = span.find('-');
  Range out{field.first, field.last};
  if (span != "*") {
    const auto first = number(span.substr(0, dash), field);
    const auto last = dash == span.npos ? first : number(span.substr(dash + 1), field);
    if (!first || !last || *first > *last) return std::nullopt;
    out.first = *first;
    out.last = dash == span.npos && slash != text.npos ? field.last : *last;
  }
  if (slash == text.npos) return out;
  const auto step = digits(text.substr(slash + 1));
  if (!step || *step == 0 || *step > field.last) return std::nullopt;
  out.step = *step;
  return out;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

template <std::size_t N>
Status read_field(std::string_view text, const Field& field, std::bitset<N>& bits) {
  const auto bad = [&] {
    return make_error(
        "bad-schedule", "'" + std::string(text) + "' is no " + std::string(field.name) + " of a schedule",
        "write " + std::to_string(field.first) + " to " + std::to_string(field.last) + ", *, a-b, */n, or a list of these");
  };
  if (text.ends_with(',')) return bad();
  for (const std::string_view item : split(text, ",")) {
    const auto found = range(item, field);
    if (!found) return bad();
    for (unsigned value = found->first; value <= found->last; value += found->step) bits.set(value % N);
  }
  return {};
}

std::string_view spelled_out(std::string_view text) {
  const auto found =
      std::find_if(kNicknames.begin(), kNicknames.end(), [&](const Nickname& one) { return same_word(one.name, text); });
  return found == kNicknames.end() ? text : found->meaning;
}

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text) {
  if (text.size() > kMaxText)
    return make_error("bad-schedule", "a schedule has at most " + std::to_string(kMaxText) + " characters");
  std::vector<std::string_view> fields = split(spelled_out(text), " \t");
  std::erase_if(fields, [](std::string_view field) { return field.empty(); });
  if (fields.size() != kFields)
    return make_error("bad-schedule", "'" + std::string(text) + "' is no schedule: five fields, or a name such as @daily",
                      "0 2 * * * is every night at two");
  Schedule out;
  Status read = read_field(fields[0], kMinute, out.minutes_);
  if (read) read = read_field(fields[1], kHour, out.hours_);
  if (read) read = read_field(fields[2], kDay, out.days_);
  if (read) read = read_field(fields[3], kMonth, out.months_);
  if (read) read = read_field(fields[4], kWeekday, out.weekdays_);
  if (!read) return std::move(read).error();
  out.any_day_ = fields[2].starts_with('*');
  out.any_weekday_ = fields[4].starts_with('*');
  if (!out.search(WallTime{})) return make_error("bad-schedule", "'" + std::string(text) + "' names a date that never comes");
  return out;
}

bool Schedule::is_due(const Day& day) const {
  if (!months_.test(day.month)) return false;
  const bool by_day = days_.test(day.day), by_weekday = weekdays_.test(day.weekday);
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

bool Schedule::matches(WallTime time) const {
  const auto date = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day calendar(date);
  const auto minute = std::chrono::floor<std::chrono::minutes>(time - date).count();
  const Day day{int(calendar.year()), unsigned(calendar.month()), unsigned(calendar.day()),
                std::chrono::weekday(date).c_encoding()};
  return is_due(day) && hours_.test(static_cast<std::size_t>(minute / 60)) &&
         minutes_.test(static_cast<std::size_t>(minute % 60));
}

WallTime Schedule::next(WallTime time) const {
  const auto found = search(time);
  GATEHOUSE_CHECK(found.has_value());
  return *found;
}

// Day by day, then minute by minute within a day that is due.
std::optional<WallTime> Schedule::search(WallTime after) const {
  const auto begin = std::chrono::floor<std::chrono::minutes>(after) + std::chrono::minutes(1);
  auto date = std::chrono::floor<std::chrono::days>(begin);
  int first_minute = static_cast<int>((begin - date).count());
  for (int days = 0; days <= kSearchDays; ++days, date += std::chrono::days(1), first_minute = 0) {
    const std::chrono::year_month_day calendar(date);
    const Day day{int(calendar.year()), unsigned(calendar.month()), unsigned(calendar.day()),
                  std::chrono::weekday(date).c_encoding()};
    if (!is_due(day)) continue;
    for (int minute = first_minute; minute < 24 * 60; ++minute)
      if (hours_.test(static_cast<std::size_t>(minute / 60)) && minutes_.test(static_cast<std::size_t>(minute % 60)))
        return date + std::chrono::minutes(minute);
  }
  return std::nullopt;
}

}  // namespace gatehouse::backup
