#include "gatehouse/base/timestamp.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>

namespace gatehouse {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::microseconds;
using std::chrono::seconds;

void digits(char* out, std::size_t width, std::uint64_t value) noexcept {
  for (std::size_t at = width; at-- > 0; value /= 10) out[at] = static_cast<char>('0' + value % 10);
}

void write_clock(char* out, seconds since_midnight) noexcept {
  const auto count = static_cast<std::uint64_t>(since_midnight.count());
  digits(out, 2, count / 3600);
  digits(out + 3, 2, count / 60 % 60);
  digits(out + 6, 2, count % 60);
  out[2] = out[5] = ':';
}

struct SecondCache {
  std::int64_t second = std::numeric_limits<std::int64_t>::min();
  char text[20] = {};  // up to and with the point
};

void fill(SecondCache& cache, std::chrono::sys_seconds second) noexcept {
  const auto day = floor<days>(second);
  const std::chrono::year_month_day date(day);
  digits(cache.text, 4, static_cast<std::uint64_t>(std::clamp(int(date.year()), 0, 9999)));
  digits(cache.text + 5, 2, unsigned(date.month()));
  digits(cache.text + 8, 2, unsigned(date.day()));
  cache.text[4] = cache.text[7] = '-';
  cache.text[10] = 'T';
  write_clock(cache.text + 11, second - day);
  cache.text[19] = '.';
  cache.second = second.time_since_epoch().count();
}

constinit thread_local SecondCache last_second;

std::atomic<WallTime (*)() noexcept> test_clock{nullptr};

}  // namespace

void write_timestamp(char* out, WallTime time) noexcept {
  const auto second = floor<seconds>(time);
  SecondCache& cache = last_second;
  if (cache.second != second.time_since_epoch().count()) fill(cache, second);
  std::memcpy(out, cache.text, sizeof cache.text);
  digits(out + 20, 6, static_cast<std::uint64_t>((time - second).count()));
  out[26] = 'Z';
}

std::string rfc3339(WallTime time) {
  std::string text(kTimestampSize, ' ');
  write_timestamp(text.data(), time);
  return text;
}

void write_time_of_day(char* out, WallTime time) noexcept {
  const auto second = floor<seconds>(time);
  write_clock(out, second - floor<days>(second));
  out[8] = '.';
  digits(out + 9, 3, static_cast<std::uint64_t>((time - second).count()) / 1000);
}

namespace log {

WallTime wall_now() noexcept {
  if (auto* clock = test_clock.load(std::memory_order_relaxed)) return clock();
  return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

void set_wall_clock_for_test(WallTime (*clock)() noexcept) noexcept { test_clock.store(clock); }

}  // namespace log
}  // namespace gatehouse
