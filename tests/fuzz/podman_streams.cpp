// Streams of Podman: the pieces in which bytes arrive change nothing, and no line is longer than its limit.
#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/base/check.h"
#include "parse.h"

using namespace gatehouse;

namespace {

constexpr std::size_t kMaxLine = 32;

std::string read_logs(std::string_view text, std::size_t piece) {
  podman::LogReader reader(kMaxLine);
  std::vector<podman::LogLine> lines;
  bool fine = true;
  for (std::size_t at = 0; fine && at < text.size(); at += piece) fine = reader.feed(text.substr(at, piece), lines).ok();
  reader.finish(lines);
  std::string out = fine ? "+" : "-";
  for (const podman::LogLine& line : lines) {
    GATEHOUSE_CHECK(line.text.size() <= kMaxLine);
    out += (line.error_stream ? "e" : "o") + line.text + "\n";
  }
  return out;
}

std::string read_lines(std::string_view text, std::size_t piece) {
  podman::LineSplitter splitter(text.size());
  std::string out, line;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    GATEHOUSE_CHECK(splitter.feed(text.substr(at, piece)));
    while (splitter.next(line)) out += line + "\n";
  }
  return out + splitter.rest();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = data[0] % 16 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  GATEHOUSE_CHECK(read_logs(text, piece) == read_logs(text, text.size() + 1));
  GATEHOUSE_CHECK(read_lines(text, piece) == text);
  return 0;
}
