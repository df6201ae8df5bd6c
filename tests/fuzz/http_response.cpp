// Response heads: however the bytes are cut, the outcome is the same; what is accepted survives being sent on.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "gatehouse/http/forward.h"
#include "gatehouse/http/h1.h"

using namespace gatehouse::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_sent_on(const ResponseHead& head, Method request, std::size_t input_size) {
  ResponseContext context;
  context.request = request;
  context.framing = head.framing;
  context.content_length = head.content_length;
  std::vector<char> out(input_size * 2 + kHeadGrowth);
  const std::size_t size = write_response_head(out, head, context);
  require(size != 0);
  ResponseParser parser({.head_bytes = 1 << 20, .target_bytes = 1 << 20, .field_bytes = 1 << 20});
  ResponseHead again;
  const ParseState state = parser.parse({out.data(), size}, request, again);
  if (std::string_view(parser.refusal().reason) == "too_many_fields") return;  // ours made it more than a hundred
  require(state == ParseState::kComplete);
  require(again.size == size && again.status == head.status && again.framing == head.framing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Method request = data[0] == 'h' ? Method::kHead : Method::kGet;
  const std::string raw(reinterpret_cast<const char*>(data + 1), size - 1);
  ResponseParser whole;
  ResponseHead head;
  const ParseState state = whole.parse(raw, request, head);
  ResponseParser pieces;
  ResponseHead slow;
  ParseState last = ParseState::kIncomplete;
  const std::size_t step = raw.size() / 64 + 1;
  for (std::size_t end = 0; last == ParseState::kIncomplete && end < raw.size();) {
    end = std::min(raw.size(), end + step);
    const std::string moved(raw, 0, end);
    last = pieces.parse(moved, request, slow);
  }
  require(raw.empty() || last == state);
  require(std::string_view(whole.refusal().reason) == pieces.refusal().reason);
  if (state == ParseState::kComplete) check_sent_on(head, request, size);
  return 0;
}
