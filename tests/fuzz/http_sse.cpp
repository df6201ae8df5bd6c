// Server-sent events: cutting changes nothing, and an event that was read can be written and read again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/http/sse.h"

using namespace gatehouse::http;

namespace {

std::string run(std::string_view raw, std::size_t step) {
  SseParser parser({.line_bytes = 100, .event_bytes = 300});
  std::string text;
  while (!raw.empty()) {
    std::string_view piece = raw.substr(0, step);
    raw.remove_prefix(piece.size());
    SseStep got;
    while ((got = parser.next(piece)) == SseStep::kEvent) {
      const SseEvent& event = parser.event();
      text.append(event.event).append("|").append(event.id).append("|").append(event.data).append("\n\n");
    }
    if (got == SseStep::kRefused) return text + parser.refusal();
  }
  return text;
}

void check_round_trip(std::string_view raw) {
  SseParser parser;
  while (parser.next(raw) == SseStep::kEvent) {
    const SseEvent& event = parser.event();
    if (!event.has_data || event.id.starts_with(' ') || event.event.starts_with(' ')) continue;
    std::string written;
    write_sse_event(written, event.id, event.event, event.data);
    SseParser again;
    std::string_view input = written;
    if (again.next(input) != SseStep::kEvent || again.event().data != event.data || again.event().id != event.id) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const std::string whole = run(raw, size == 0 ? 1 : size);
  for (const std::size_t step : {1, 5})
    if (run(raw, step) != whole) std::abort();
  check_round_trip(raw);
  return 0;
}
