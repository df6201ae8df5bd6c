#include "gatehouse/yaml/words.h"

#include <gtest/gtest.h>

#include "gatehouse/yaml/report.h"

namespace gatehouse::yaml {
namespace {

std::string outcome(const Result<std::int64_t>& result) { return result ? std::to_string(*result) : result.error().slug; }

TEST(YamlWords, NumbersWithTheirUnits) {
  const std::pair<const char*, const char*> durations[] = {
      {"250ms", "250"}, {"30s", "30000"}, {"5m", "300000"}, {"1h", "3600000"}, {"30d", "2592000000"}, {"0s", "0"},
      {"30", "missing-unit"}, {"30 s", "unknown-unit"}, {"30S", "unknown-unit"}, {"-1s", "wrong-type"}, {"s", "wrong-type"}, {"", "wrong-type"},
      {"1.5s", "unknown-unit"}, {"9223372036854775807d", "out-of-range"}, {"99999999999999999999s", "out-of-range"}};
  for (const auto& [text, expected] : durations) EXPECT_EQ(outcome(parse_duration(text)), expected) << text;
  const std::pair<const char*, const char*> sizes[] = {
      {"512B", "512"}, {"64KiB", "65536"}, {"1GiB", "1073741824"}, {"1KB", "unknown-unit"}, {"1", "missing-unit"}};
  for (const auto& [text, expected] : sizes) EXPECT_EQ(outcome(parse_size(text)), expected) << text;
  for (const char* text : {"1s", "1500ms", "30d", "0ms"}) EXPECT_EQ(duration_text(*parse_duration(text)), text);
  EXPECT_EQ(duration_text(60'000), "1m");
  EXPECT_EQ(size_text(65536), "64KiB");
  EXPECT_EQ(outcome(parse_integer("1x")), "wrong-type");
  EXPECT_EQ(outcome(parse_integer("-5")), "-5");
}

TEST(YamlWords, TheNearestNameIsMeant) {
  const std::vector<std::string> names{"listeners", "limits", "log"};
  EXPECT_EQ(suggest("listners", names), "did you mean 'listeners'?");
  EXPECT_EQ(suggest("LOG", {"log"}), "did you mean 'log'?");
  EXPECT_EQ(suggest("lgo", names), "did you mean 'log'?");
  EXPECT_EQ(suggest("quite else", names), "");
  EXPECT_EQ(suggest("", names), "");
  EXPECT_EQ(suggest(std::string(81, 'l'), {std::string(80, 'l')}), "");
}

TEST(YamlReport, IsSortedAndCut) {
  Report report;
  const int source = report.add_source({.tier = Tier::kFile, .name = "f", .directory = {}, .text = "a: \x1b[31m\n", .label = {}});
  for (int line = 30; line > 0; --line) report.error({source, line, 1, 1, {}}, "p", "slug", "m");
  report.sort();
  const std::string text = render(report.diagnostics);
  EXPECT_TRUE(text.starts_with("f:1:1: p: m  [slug]\nf:2:1: "));
  EXPECT_TRUE(text.ends_with("f:20:1: p: m  [slug]\nand 10 more\n"));
  EXPECT_EQ(render(report.diagnostics, Look::kTerminal).find('\x1b'), std::string::npos);
}

TEST(YamlReport, ColorsTheWordsOfAnErrorAndLetsNothingForeignColor) {
  Report report;
  const int source = report.add_source({.tier = Tier::kFile, .name = "f", .directory = {}, .text = "a: \x1b[31m\n", .label = {}});
  report.error({source, 1, 4, 1, {}}, "p", "slug", "m \x1b[31m");
  report.warning({source, 1, 1, 1, {}}, "q", "hint", "n");
  report.sort();
  EXPECT_EQ(render(report.diagnostics, Look::kColor),
            "\x1b[1mf:1:1: \x1b[0m\x1b[33mwarning: \x1b[0m\x1b[1mq: \x1b[0mn  \x1b[2m[hint]\x1b[0m\n"
            "  1 | a: ?[31m\n    | \x1b[33m^\x1b[0m\n"
            "\x1b[1mf:1:4: \x1b[0m\x1b[1mp: \x1b[0m\x1b[31mm ?[31m\x1b[0m  \x1b[2m[slug]\x1b[0m\n"
            "  1 | a: ?[31m\n    |    \x1b[31m^\x1b[0m\n");
}

}  // namespace
}  // namespace gatehouse::yaml
