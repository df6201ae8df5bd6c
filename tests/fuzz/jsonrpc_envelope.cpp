// The envelope scanner: never reads out of bounds, its slices lie inside the input, and an id put in place of another
// leaves a message that scans the same.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gatehouse/jsonrpc/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::jsonrpc;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Envelope e = scan(text);
  for (const Raw slice : {e.id, e.params, e.result, e.error, e.name, e.uri, e.meta_version, e.progress_token, e.bytes})
    if (!slice.empty() && (slice.data() < text.data() || slice.data() + slice.size() > text.data() + text.size())) std::abort();
  if (e.kind == Kind::kBatch) {
    scan_batch(text);
  } else if (e.message() && !e.id.empty()) {
    const std::array<Edit, 1> edits{{{e.id, "1"}}};
    const std::string rewritten = splice(text, edits);
    if (scan(rewritten).kind != e.kind || scan(rewritten).id != "1") std::abort();
  }
  decode_string(e.name);
  return 0;
}
