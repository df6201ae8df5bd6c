// The event stream reader: whatever the pieces are, whole and split reading agree, and nothing grows over the limit.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/client/sse.h"

namespace {

std::string read(std::string_view bytes, std::size_t piece) {
  gatehouse::client::SseReader reader(4096);
  std::string seen;
  const auto sink = [&seen](const gatehouse::client::SseEvent& event) {
    if (event.data.size() > 4096) std::abort();
    seen += event.name + "|" + event.id + "|" + event.data + "\n";
    return true;
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    if (!reader.feed(bytes.substr(at, piece), sink)) break;
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (read(bytes, 1) != read(bytes, size + 1)) std::abort();
  return 0;
}
