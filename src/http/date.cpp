#include "gatehouse/http/date.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace gatehouse::http {
namespace {

constexpr std::int64_t kFirst = -62167219200;  // 0000-01-01
constexpr std::int64_t kLast = 253402300799;   // 9999-12-31

void put_number(char* out, unsigned value, int digits) noexcept {
  for (int i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
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
  std::memcpy(text + 8, &"JanFebMarAprMayJunJulAugSepOctNovDec"[(static_cast<unsigned>(date.month()) - 1) * 3], 3);
  put_number(text + 12, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  put_number(text + 17, static_cast<unsigned>(clock.hours().count()), 2);
  put_number(text + 20, static_cast<unsigned>(clock.minutes().count()), 2);
  put_number(text + 23, static_cast<unsigned>(clock.seconds().count()), 2);
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
