// Schedules: what is accepted has a next time after every time, and that time matches.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gatehouse/backup/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  const auto schedule = backup::Schedule::parse({reinterpret_cast<const char*>(data), size});
  if (!schedule) return 0;
  for (const std::int64_t seconds : {-1'000'000'000LL, 0LL, 951'782'400LL, 1'764'000'059LL, 4'102'444'800LL}) {
    const WallTime now{std::chrono::seconds(seconds)};
    const WallTime next = schedule->next(now);
    if (next <= now || !schedule->matches(next)) std::abort();
  }
  return 0;
}
