#include "gatehouse/http/date.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>

namespace gatehouse::http {
namespace {

constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31

void put_number(char* out, unsigned value, int digits) noexcept {
  for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

int number_at(std::string_view text, std::size_t at, std::size_t digits) noexcept {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, value);
  return value;
}

}  // namespace

void format_http_date(std::int64_t unix_seconds, std::span<char, kHttpDateSize> out) noexcept {
  using namespace std::chrono;
  const sys_seconds time{seconds(std::clamp(unix_seconds, kFirst, kLast))};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char* text = out.data();
  std::memcpy(text, "Sun, 00 Jan 0000 00:00:00 GMT", kHttpDateSize);
  std::memcpy(text, &"SunMonTueWedThuFriSat"[weekday(day).c_encoding() * 3], 3);
  put_number(text + 5, static_cast<unsigned>(date.day()), 2);
  std::memcpy(text + 8, kMonths.data() + (static_cast<unsigned>(date.month()) - 1) * 3, 3);
  put_number(text + 12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_number(text + 17, static_cast<unsigned>(clock.hours().count()), 2);
  put_number(text + 20, static_cast<unsigned>(clock.minutes().count()), 2);
  put_number(text + 23, static_cast<unsigned>(clock.seconds().count()), 2);
}

// Whatever was read loosely does not come out again as it went in.
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept {
  using namespace std::chrono;
  if (text.size() != kHttpDateSize) return std::nullopt;
  const std::size_t name = kMonths.find(text.substr(8, 3));
  if (name == kMonths.npos) return std::nullopt;
  const year_month_day date(year(number_at(text, 12, 4)), month(static_cast<unsigned>(name / 3 + 1)),
                            day(static_cast<unsigned>(number_at(text, 5, 2))));
  if (!date.ok()) return std::nullopt;
  const sys_seconds time =
      sys_days(date) + hours(number_at(text, 17, 2)) + minutes(number_at(text, 20, 2)) + seconds(number_at(text, 23, 2));
  char again[kHttpDateSize];
  format_http_date(time.time_since_epoch().count(), again);
  if (text != std::string_view(again, kHttpDateSize)) return std::nullopt;
  return time.time_since_epoch().count();
}

std::string_view HttpDate::at(runtime::WallTime time) noexcept {
  const std::int64_t second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  if (second != second_) {
    format_http_date(second, text_);
    second_ = second;
  }
  return {text_, kHttpDateSize};
}

}  // namespace gatehouse::http
