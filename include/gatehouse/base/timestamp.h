// Text forms of a wall time, and the wall clock of the log. The log is the one place outside `runtime` that reads a
// clock: `base` stands below `runtime`, and a line must carry the time at which it was written.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse {

using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

inline constexpr std::size_t kTimestampSize = 27;  // 2026-03-01T12:00:01.000000Z
inline constexpr std::size_t kTimeOfDaySize = 12;  // 12:00:01.000

// RFC 3339, UTC, six digits, exactly kTimestampSize bytes at `out`; years outside 0000..9999 are clamped. Any thread;
// each thread remembers the last second that it wrote.
void write_timestamp(char* out, WallTime time) noexcept;
std::string rfc3339(WallTime time);

// The other way, for what others write: an offset or Z is required, fractions are cut at microseconds, leap seconds are
// refused. Slug "bad-time". Any thread.
Result<WallTime> parse_rfc3339(std::string_view text);

// UTC, for lines on a terminal; exactly kTimeOfDaySize bytes at `out`.
void write_time_of_day(char* out, WallTime time) noexcept;

namespace log {
WallTime wall_now() noexcept;
void set_wall_clock_for_test(WallTime (*clock)() noexcept) noexcept;  // nullptr: the real clock again
}  // namespace log

}  // namespace gatehouse
