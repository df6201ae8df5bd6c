#include "gatehouse/base/timestamp.h"

namespace gatehouse {

namespace {

// Two or four digits at `at`; -1 when they are not.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  if (at + count > text.size()) return -1;
  for (const char c : text.substr(at, count)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

Error bad_time() { return make_error("bad-time", "a time is like 2026-03-01T12:00:00Z, with its offset from UTC"); }

// "Z" or "+02:00"
Result<std::chrono::minutes> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return std::chrono::minutes(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return bad_time();
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return bad_time();
  return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (hours * 60 + minutes));
}

// ".25" in front of the offset; taken off `text`.
Result<std::chrono::microseconds> take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return std::chrono::microseconds(0);
  std::int64_t value = 0;
  std::int64_t unit = 100000;
  std::size_t at = 1;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10) value += (text[at] - '0') * unit;
  if (at == 1 || at > 10) return bad_time();
  text.remove_prefix(at);
  return std::chrono::microseconds(value);
}

}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20 || text.size() > 40) return bad_time();
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return bad_time();
  }
  const int part[] = {digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                      digits(text, 11, 2), digits(text, 14, 2), digits(text, 17, 2)};
  for (const int value : part) {
    if (value < 0) return bad_time();
  }
  const year_month_day date(year(part[0]), month(static_cast<unsigned>(part[1])), day(static_cast<unsigned>(part[2])));
  if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 59) return bad_time();
  std::string_view rest = text.substr(19);
  auto fraction = take_fraction(rest);
  if (!fraction) return std::move(fraction).error();
  auto offset = parse_offset(rest);
  if (!offset) return std::move(offset).error();
  return WallTime(sys_days(date) + hours(part[3]) + minutes(part[4]) + seconds(part[5]) + *fraction - *offset);
}

}  // namespace gatehouse
