#include "line_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace gatehouse::stdio {
namespace {

using List = std::vector<std::string>;

TEST(LineReader, LinesDoNotDependOnWhereThePiecesEnd) {
  const std::string text = "one\r\n\ntwo\n\r\nthree has more\n" + std::string(16, 'x') + "\n" + std::string(17, 'y') + "\nend\nrest";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineReader lines(16);
    List seen;
    for (std::size_t at = 0; at < text.size(); at += piece)
      lines.feed(std::string_view(text).substr(at, piece), [&](std::string_view line) { seen.emplace_back(line); });
    EXPECT_EQ(seen, (List{"one", "two", "three has more", std::string(16, 'x'), "end"})) << piece;
    EXPECT_EQ(lines.take_too_long(), 1u) << piece;
    EXPECT_EQ(lines.take_too_long(), 0u);
  }
}

TEST(LineReader, AnEndlessLineIsNotKept) {
  LineReader lines(100);
  for (int i = 0; i < 1000; ++i) lines.feed(std::string(50, 'x'), [](std::string_view) { FAIL(); });
  lines.feed("\nnext\n", [](std::string_view line) { EXPECT_EQ(line, "next"); });
  EXPECT_EQ(lines.take_too_long(), 1u);
}

}  // namespace
}  // namespace gatehouse::stdio
