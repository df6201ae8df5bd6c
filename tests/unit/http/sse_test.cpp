#include "gatehouse/http/sse.h"

#include <gtest/gtest.h>

#include <vector>

namespace gatehouse::http {
namespace {

std::string show(const SseEvent& event) {
  std::string text = "[" + event.event + "|" + event.data + "|" + event.id + "|";
  if (event.retry) text += std::to_string(*event.retry);
  if (event.has_data) text += "d";
  if (event.has_id) text += "i";
  if (event.comment) text += "c";
  return text + "]";
}

std::string run(std::string_view raw, std::size_t step, SseLimits limits = {}) {
  SseParser parser(limits);
  std::string text;
  while (!raw.empty()) {
    std::string_view piece = raw.substr(0, step);
    raw.remove_prefix(piece.size());
    while (true) {
      const SseStep got = parser.next(piece);
      if (got == SseStep::kRefused) return text + parser.refusal();
      if (got == SseStep::kNeedMore) break;
      text += show(parser.event());
    }
    EXPECT_TRUE(piece.empty());
  }
  return text;
}

struct Case {
  const char* raw;
  const char* events;
};

constexpr Case kCases[] = {
    {"data: a\n\n", "[|a||d]"},
    {"data: a\r\n\r\n", "[|a||d]"},
    {"data: a\r\rdata: b\r\r", "[|a||d][|b||d]"},
    {"data: a\r\n\rdata: b\n\r\n", "[|a||d][|b||d]"},
    {"\xEF\xBB\xBF" "data: a\n\n", "[|a||d]"},
    {"data: a\ndata:b\ndata:  c\n\n", "[|a\nb\n c||d]"},
    {"data\n\n", "[|||d]"},
    {"data:\ndata:\n\n", "[|\n||d]"},
    {"event: x\nid: 7\nretry: 3000\ndata: {\"a\":1}\n\n", "[x|{\"a\":1}|7|3000di]"},
    {"id: 1\ndata:\n\n", "[||1|di]"},
    {"id\ndata: a\n\n", "[|a||di]"},
    {"retry: 10\n\n", "[|||10]"},
    {"retry: 10x\n\n", ""},
    {"retry: -1\n\n", ""},
    {"retry:\n\n", ""},
    {": ping\n\n", "[|||c]"},
    {": ping\ndata: a\n\n", "[|a||dc]"},
    {"\n\n\r\n\r", ""},
    {"unknown: a\n\n", ""},
    {"Data: a\n\n", ""},
    {" data: a\n\n", ""},
    {"data: a\n", ""},
    {"data: a", ""},
    {"event: x\n\ndata: a\n\n", "[x|||][|a||d]"},
};

TEST(HttpSse, ParsesStreams) {
  for (const Case& test : kCases) EXPECT_EQ(run(test.raw, 1000), test.events) << test.raw;
}

TEST(HttpSse, ArrivingInPiecesChangesNothing) {
  for (const Case& test : kCases)
    for (const std::size_t step : {1, 2, 3}) EXPECT_EQ(run(test.raw, step), test.events) << test.raw << step;
}

TEST(HttpSse, AnIdWithNulIsIgnored) {
  EXPECT_EQ(run(std::string_view("id: a\0b\ndata: x\n\n", 17), 1000), "[|x||d]");
}

TEST(HttpSse, RemembersTheLastId) {
  SseParser parser;
  std::string_view input = "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n";
  ASSERT_EQ(parser.next(input), SseStep::kEvent);
  EXPECT_EQ(parser.last_event_id(), "1");
  ASSERT_EQ(parser.next(input), SseStep::kEvent);
  EXPECT_EQ(parser.last_event_id(), "1");
  ASSERT_EQ(parser.next(input), SseStep::kEvent);
  EXPECT_EQ(parser.last_event_id(), "");
}

TEST(HttpSse, Limits) {
  const SseLimits limits{.line_bytes = 20, .event_bytes = 24};
  for (const std::size_t step : {1, 7, 1000}) {
    EXPECT_EQ(run("data: 01234567890123\n\n", step, limits), "[|01234567890123||d]");
    EXPECT_EQ(run("data: 012345678901234\n\n", step, limits), "sse_line_too_large");
    EXPECT_EQ(run(": endless comment without end", step, limits), "sse_line_too_large");
    EXPECT_EQ(run("data: 012345678901\ndata: 012345678901\n\n", step, limits), "sse_event_too_large");
  }
}

TEST(HttpSse, WhatIsWrittenIsRead) {
  std::string out;
  write_sse_event(out, "7", "message", "a\nb\r\nc\rd");
  EXPECT_EQ(out, "id: 7\nevent: message\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(run(out, 1000), "[message|a\nb\nc\nd|7|di]");
  out.clear();
  write_sse_event(out, "a\nb", "x\ry", "");
  EXPECT_EQ(out, "data: \n\n");
}

}  // namespace
}  // namespace gatehouse::http
