// Request heads: however the bytes are cut, the outcome is the same; what is accepted survives being forwarded.
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

void check_forwarded(const RequestHead& head, std::size_t input_size) {
  ForwardContext context;
  context.peer_address = context.client_address = "192.0.2.1";
  context.framing = head.framing;
  context.content_length = head.content_length;
  context.host_override = head.authority.empty() ? "inner" : "";
  std::vector<char> out(input_size * 2 + kHeadGrowth);
  const std::size_t size = write_request_head(out, head, context);
  require(size != 0);
  HeadLimits wide{.head_bytes = 1 << 20, .target_bytes = 1 << 20, .field_bytes = 1 << 20};
  RequestParser parser(wide);
  RequestHead again;
  const ParseState state = parser.parse({out.data(), size}, again);
  if (state == ParseState::kRefused && parser.refusal().status == 431) return;  // ours made it more than a hundred
  require(state == ParseState::kComplete && again.size == size);
  require(again.path == head.path && again.query == head.query && again.method == head.method);
  require(again.framing == head.framing && again.content_length == head.content_length);
  require(head.authority.empty() || again.authority == head.authority);
  require(again.fields.find(FieldId::kExpect) == nullptr && again.fields.find(FieldId::kUpgrade) == nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string raw(reinterpret_cast<const char*>(data), size);
  RequestParser whole;
  RequestHead head;
  const ParseState state = whole.parse(raw, head);
  RequestParser pieces;
  RequestHead slow;
  ParseState last = ParseState::kIncomplete;
  const std::size_t step = size / 64 + 1;
  for (std::size_t end = 0; last == ParseState::kIncomplete && end < size;) {
    end = std::min(size, end + step);
    const std::string moved(raw, 0, end);
    last = pieces.parse(moved, slow);
    if (last == ParseState::kComplete) require(slow.size == head.size && slow.fields.size() == head.fields.size());
  }
  require(size == 0 || last == state);
  require(std::string_view(whole.refusal().reason) == pieces.refusal().reason);
  if (state == ParseState::kComplete) check_forwarded(head, size);
  return 0;
}
