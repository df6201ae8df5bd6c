// What a server writes, line by line: calls end at most once, and what could not be read finds its call or nobody.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "gatehouse/jsonrpc/correlator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::jsonrpc;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Correlator correlator(size % 2 == 0 ? Era::kLegacy : Era::kModern);
  for (int i = 0; i < 3; ++i)
    correlator.begin(scan(R"({"jsonrpc":"2.0","id":"a","method":"x","params":{"_meta":{"progressToken":"t"}}})"), 1 + static_cast<unsigned>(i));
  const auto check = [&](const Correlator::Incoming& message, std::size_t before) {
    if (message.answer && (message.id != "\"a\"" || correlator.open_calls() >= before)) std::abort();
    if (message.failed && !message.bytes.empty()) std::abort();
  };
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t before = correlator.open_calls();
    for (const auto& message : correlator.route(line)) check(message, before);
    const std::size_t between = correlator.open_calls();
    check(correlator.route_too_long(line.substr(0, 64), line.substr(line.size() / 2)), between);
  }
  return 0;
}
