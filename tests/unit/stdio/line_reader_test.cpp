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
    List seen, long_ones;
    for (std::size_t at = 0; at < text.size(); at += piece)
      lines.feed(std::string_view(text).substr(at, piece), [&](std::string_view line) { seen.emplace_back(line); },
                 [&](std::string_view head, std::string_view tail) { long_ones.insert(long_ones.end(), {std::string(head), std::string(tail)}); });
    EXPECT_EQ(seen, (List{"one", "two", "three has more", std::string(16, 'x'), "end"})) << piece;
    EXPECT_EQ(long_ones, (List{std::string(17, 'y'), std::string(17, 'y')})) << piece;
  }
}

TEST(LineReader, AnEndlessLineIsNotKept) {
  LineReader lines(100);
  const std::string begin = "{\"id\":1", end = ",\"id\":1}";
  int count = 0;
  const auto feed = [&](const std::string& text) {
    lines.feed(text, [](std::string_view line) { EXPECT_EQ(line, "next"); },
               [&](std::string_view head, std::string_view tail) {
                 ++count;
                 EXPECT_EQ(head.size(), LineReader::kHead);
                 EXPECT_EQ(tail.size(), LineReader::kTail);
                 EXPECT_TRUE(head.starts_with(begin));
                 EXPECT_TRUE(tail.ends_with(end));
               });
  };
  feed(begin);
  for (int i = 0; i < 1000; ++i) feed(std::string(50, 'x'));
  feed(end);
  EXPECT_EQ(count, 0);
  feed("\nnext\n");
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace gatehouse::stdio
