// Lines of containers as lines of ours.
#include "service_logs.h"

#include <gtest/gtest.h>

namespace gatehouse::app {
namespace {

TEST(ServiceLogs, TextIsAMessage) {
  for (const char* text : {"ready", "", "{not json", "[1]", "{"}) {
    const ShownLine shown = shown_line(text);
    EXPECT_EQ(shown.message, text);
    EXPECT_EQ(shown.level, "info");
    EXPECT_EQ(shown.fields, "");
  }
}

TEST(ServiceLogs, LevelAndMessageOfAnObjectAreLifted) {
  const ShownLine shown = shown_line(R"({"level":"WARNING","msg":"slow","ms":12,"user":"ada"})");
  EXPECT_EQ(shown.level, "warn");
  EXPECT_EQ(shown.message, "slow");
  EXPECT_EQ(shown.fields, R"({"ms":12,"user":"ada"})");
  EXPECT_EQ(shown_line(R"({"severity":"fatal","message":"x"})").level, "critical");
  EXPECT_EQ(shown_line(R"({"level":30,"msg":"x"})").fields, R"({"level":30})") << "a level that is no word stays where it was";
}

TEST(ServiceLogs, WhatIsLongIsCutAndSaysSo) {
  const ShownLine shown = shown_line(std::string(20'000, 'x'));
  EXPECT_TRUE(shown.truncated);
  EXPECT_EQ(shown.message.size(), 6u * 1024);
  EXPECT_TRUE(shown_line(R"({"a":")" + std::string(4000, 'x') + "\"}").truncated);
}

}  // namespace
}  // namespace gatehouse::app
