#include "gatehouse/client/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace gatehouse::client {
namespace {

// "name|id|data" of each event, whole and then byte by byte: the result may not depend on where the pieces end.
std::vector<std::string> events(std::string_view stream) {
  std::vector<std::string> whole, split;
  const auto into = [](std::vector<std::string>& list) {
    return [&list](const SseEvent& event) {
      list.push_back(event.name + "|" + event.id + "|" + event.data);
      return true;
    };
  };
  SseReader at_once, in_pieces;
  EXPECT_TRUE(at_once.feed(stream, into(whole)));
  for (const char& c : stream) EXPECT_TRUE(in_pieces.feed({&c, 1}, into(split)));
  EXPECT_EQ(whole, split);
  return whole;
}

using List = std::vector<std::string>;

TEST(SseReader, ReadsEvents) {
  EXPECT_EQ(events("data: a\n\n"), List{"message||a"});
  EXPECT_EQ(events("event: x\ndata:a\ndata:  b\n\n"), List{"x||a\n b"});
  EXPECT_EQ(events("data\n\n"), List{"message||"});
  EXPECT_EQ(events(": comment\nretry: 10\nfoo: bar\ndata: a\n\ndata: b\n\n"), (List{"message||a", "message||b"}));
}

TEST(SseReader, KnowsAllLineEnds) {
  EXPECT_EQ(events("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), (List{"message||a", "message||b", "message||c"}));
  EXPECT_EQ(events("data: a\r\n\n"), List{"message||a"});
}

TEST(SseReader, KeepsTheId) {
  EXPECT_EQ(events("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n"), (List{"message|1|a", "message|1|b", "message||c"}));
  EXPECT_EQ(events(std::string_view("id: a\0b\ndata: c\n\n", 17)), List{"message||c"});
}

TEST(SseReader, DropsWhatIsNotAnEvent) {
  EXPECT_EQ(events("id: 1\n\nevent: x\n\n"), List{});
  EXPECT_EQ(events("data: cut off\n"), List{});
  EXPECT_EQ(events("event: x\n\ndata: a\n\n"), List{"message||a"});
  EXPECT_EQ(events("\xEF\xBB\xBF" "data: a\n\n"), List{"message||a"});
}

TEST(SseReader, StopsWhenTold) {
  int seen = 0;
  SseReader reader;
  EXPECT_FALSE(reader.feed("data: a\n\ndata: b\n\n", [&seen](const SseEvent&) { return ++seen < 1; }));
  EXPECT_EQ(seen, 1);
}

TEST(SseReader, LimitsAnEvent) {
  const auto ignore = [](const SseEvent&) { return true; };
  SseReader line(100), event(100), many(100);
  EXPECT_FALSE(line.feed("data: " + std::string(100, 'x'), ignore));
  EXPECT_FALSE(event.feed("data: " + std::string(60, 'x') + "\ndata: " + std::string(60, 'x') + "\n\n", ignore));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(many.feed("data: " + std::string(60, 'x') + "\n\n", ignore));
}

}  // namespace
}  // namespace gatehouse::client
