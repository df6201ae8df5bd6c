// Chunked bodies: cutting the bytes anywhere changes neither payload nor outcome.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gatehouse/http/forward.h"
#include "gatehouse/http/h1.h"

using namespace gatehouse::http;

namespace {

struct Outcome {
  std::string payload, reason, trailers;
  std::size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome run(std::string_view raw, std::size_t step) {
  std::vector<char> storage(kMaxTrailerBytes);
  ChunkedDecoder decoder;
  decoder.keep_trailers(storage);
  Outcome outcome;
  ParseState state = ParseState::kIncomplete;
  while (!raw.empty() && state == ParseState::kIncomplete) {
    const auto got = decoder.feed(raw.substr(0, step));
    if (got.consumed == 0) std::abort();  // no progress
    outcome.payload.append(got.payload);
    outcome.consumed += got.consumed;
    raw.remove_prefix(got.consumed);
    state = got.state;
  }
  outcome.reason = state == ParseState::kComplete ? "complete" : decoder.refusal().reason;
  if (state == ParseState::kComplete) outcome.trailers = keep_allowed_trailers(decoder.trailers());
  if (!outcome.trailers.empty() && !outcome.trailers.ends_with("\r\n")) std::abort();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const Outcome whole = run(raw, size);
  for (const std::size_t step : {1, 3, 17})
    if (!(run(raw, step) == whole)) std::abort();
  return 0;
}
