#include "gatehouse/metrics/metrics.h"

#include <gtest/gtest.h>

#include <charconv>
#include <set>
#include <thread>

namespace gatehouse::metrics {
namespace {

using namespace std::chrono_literals;

// The value of one line of the page; -1 when the line is not there.
double value_of(const std::string& page, const std::string& series) {
  const std::string text = "\n" + page;
  const std::size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return -1;
  const char* const begin = text.data() + at + series.size() + 2;
  double value = -1;
  std::from_chars(begin, text.data() + text.size(), value);
  return value;
}

std::size_t count_of(const std::string& page, std::string_view start) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = page.find(start, at)) != std::string::npos; at += start.size())
    count += at == 0 || page[at - 1] == '\n' ? 1 : 0;
  return count;
}

TEST(Registry, SumsOverLoops) {
  Registry registry;
  const CounterId id = registry.counter("gatehouse_x_total", "X.", {{"route", "a"}});
  registry.loop(0).add(id);
  registry.loop(2).add(id, 41);
  EXPECT_EQ(registry.value(id), 42u);
  const std::string page = registry.render();
  EXPECT_EQ(value_of(page, "gatehouse_x_total{route=\"a\"}"), 42);
  EXPECT_NE(page.find("# HELP gatehouse_x_total X.\n# TYPE gatehouse_x_total counter\n"), std::string::npos);
}

TEST(Registry, CountsFromAnyThreadToo) {
  Registry registry;
  const CounterId counter = registry.counter("gatehouse_x_total", "X.");
  const HistogramId histogram = registry.histogram("gatehouse_y_seconds", "Y.");
  registry.loop(0).add(counter);
  registry.add(counter, 2);
  registry.observe(histogram, 1s);
  EXPECT_EQ(registry.value(counter), 3u);
  EXPECT_EQ(registry.count(histogram), 1u);
}

TEST(Registry, TheSameSeriesHasTheSameId) {
  Registry registry;
  const CounterId first = registry.counter("gatehouse_x_total", "X.", {{"route", "a"}});
  const CounterId other = registry.counter("gatehouse_x_total", "X.", {{"route", "b"}});
  const CounterId again = registry.counter("gatehouse_x_total", "X.", {{"route", "a"}});
  EXPECT_EQ(first.slot, again.slot);
  EXPECT_NE(first.slot, other.slot);
}

TEST(RegistryDeathTest, OneNameHasOneKind) {
  Registry registry;
  registry.counter("gatehouse_x_total", "X.");
  EXPECT_DEATH(registry.histogram("gatehouse_x_total", "X."), "broken invariant");
}

TEST(Registry, EscapesLabels) {
  Registry registry;
  registry.loop(0).add(registry.counter("gatehouse_x_total", "X.", {{"route", "a\"b\\c\nd\xff"}}));
  EXPECT_EQ(value_of(registry.render(), "gatehouse_x_total{route=\"a\\\"b\\\\c\\nd\xef\xbf\xbd\"}"), 1);
}

TEST(Histogram, BucketsAreCumulativeAndIncludeTheirBound) {
  Registry registry;
  const HistogramId id = registry.histogram("gatehouse_x_seconds", "X.");
  for (const auto value : {0ms, 5ms, 6ms, 10ms, 300ms, 10000ms, 10001ms}) registry.loop(0).observe(id, value);
  registry.loop(1).observe(id, -1ms);
  const std::string page = registry.render();
  const auto bucket = [&](const char* bound) { return value_of(page, "gatehouse_x_seconds_bucket{le=\"" + std::string(bound) + "\"}"); };
  EXPECT_EQ(bucket("0.005"), 3);
  EXPECT_EQ(bucket("0.01"), 5);
  EXPECT_EQ(bucket("0.25"), 5);
  EXPECT_EQ(bucket("0.5"), 6);
  EXPECT_EQ(bucket("10"), 7);
  EXPECT_EQ(bucket("+Inf"), 8);
  EXPECT_EQ(value_of(page, "gatehouse_x_seconds_count"), 8);
  EXPECT_NEAR(value_of(page, "gatehouse_x_seconds_sum"), 20.322, 1e-9);
  EXPECT_EQ(registry.count(id), 8u);
  EXPECT_EQ(count_of(page, "gatehouse_x_seconds_bucket"), kBuckets.size() + 1);
}

TEST(Registry, HistogramsNeverShareSlotsWithOthers) {
  Registry registry;
  std::vector<std::pair<CounterId, HistogramId>> ids;
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    ids.emplace_back(registry.counter("gatehouse_x_total", "X.", {{"n", n}}),
                     registry.histogram("gatehouse_y_seconds", "Y.", {{"n", n}}));
  }
  for (const auto& [counter, histogram] : ids) {
    registry.loop(0).add(counter, 7);
    registry.loop(0).observe(histogram, 20s);
  }
  for (const auto& [counter, histogram] : ids) {
    EXPECT_EQ(registry.value(counter), 7u);
    EXPECT_EQ(registry.count(histogram), 1u);
  }
}

TEST(Registry, AFullFamilyCountsTheRestAsOther) {
  Registry registry;
  std::set<std::uint32_t> slots;
  for (std::size_t i = 0; i < kMaxSeries + 5; ++i) {
    const CounterId id = registry.counter("gatehouse_x_total", "X.", {{"tool", "t" + std::to_string(i)}, {"server", "s"}});
    registry.loop(0).add(id);
    slots.insert(id.slot);
  }
  EXPECT_EQ(slots.size(), kMaxSeries + 1);
  const std::string page = registry.render();
  EXPECT_EQ(value_of(page, "gatehouse_x_total{tool=\"_other\",server=\"_other\"}"), 5);
  EXPECT_EQ(value_of(page, "gatehouse_x_total{tool=\"t0\",server=\"s\"}"), 1);
  EXPECT_EQ(value_of(page, "gatehouse_metrics_series_dropped_total"), 5);
  EXPECT_EQ(count_of(page, "gatehouse_x_total{"), kMaxSeries + 1);
}

TEST(Registry, AsksFunctionsAtEachScrape) {
  Registry registry;
  double now = 1;
  registry.gauge("gatehouse_open", "Open.", {{"listener", "http"}}, [&] { return now; });
  registry.gauges("gatehouse_many", "Many.", [] {
    Registry::Series series;
    for (std::size_t i = 0; i < kMaxSeries + 10; ++i) series.push_back({{{"n", std::to_string(i)}}, 1});
    return series;
  });
  now = 2.5;
  const std::string page = registry.render();
  EXPECT_EQ(value_of(page, "gatehouse_open{listener=\"http\"}"), 2.5);
  EXPECT_EQ(count_of(page, "gatehouse_many{"), kMaxSeries);
  now = -3;
  EXPECT_EQ(value_of(registry.render(), "gatehouse_open{listener=\"http\"}"), -3);
}

TEST(Registry, ShowsAFamilyBeforeItsFirstSeries) {
  Registry registry;
  registry.declare_counter("early_total", "Early.");
  registry.declare_histogram("early_seconds", "Early, too.");
  const std::string before = registry.render();
  EXPECT_NE(before.find("# HELP early_total Early.\n# TYPE early_total counter\n"), std::string::npos) << before;
  EXPECT_NE(before.find("# TYPE early_seconds histogram\n"), std::string::npos);
  EXPECT_EQ(before.find("early_total "), before.find("early_total Early.")) << "no series of its own making";
  registry.add(registry.counter("early_total", "Early.", {{"reason", "x"}}));
  EXPECT_EQ(value_of(registry.render(), "early_total{reason=\"x\"}"), 1);
}

TEST(Registry, DerivesFamiliesFromOthers) {
  Registry registry;
  const auto keep_code = [](const Labels& labels) -> std::optional<Labels> {
    if (labels[0].second == "hidden") return std::nullopt;
    return Labels{{"status", labels[1].second}};
  };
  registry.derived_counter("x_total", "X.", "x_seconds", keep_code);
  registry.derived_histogram("y_seconds", "Y.", "x_seconds", [](const Labels&) -> std::optional<Labels> { return Labels{}; });
  registry.derived_counter("z_total", "Z.", "nothing", keep_code);
  EXPECT_NE(registry.render().find("# TYPE x_total counter\n"), std::string::npos) << "known before there is a series";
  EXPECT_EQ(registry.render().find("x_total{"), std::string::npos);
  for (const char* route : {"a", "b", "hidden"})
    registry.loop(0).observe(registry.histogram("x_seconds", "X.", {{"route", route}, {"code", "2xx"}}), 20ms);
  registry.loop(1).observe(registry.histogram("x_seconds", "X.", {{"route", "a"}, {"code", "5xx"}}), 2s);
  const std::string page = registry.render();
  EXPECT_EQ(value_of(page, "x_total{status=\"2xx\"}"), 2);
  EXPECT_EQ(value_of(page, "x_total{status=\"5xx\"}"), 1);
  EXPECT_EQ(value_of(page, "y_seconds_count"), 4);
  EXPECT_EQ(value_of(page, "y_seconds_bucket{le=\"0.025\"}"), 3);
  EXPECT_EQ(value_of(page, "y_seconds_bucket{le=\"2.5\"}"), 4);
  EXPECT_EQ(page.find("\nz_total"), std::string::npos);
}

TEST(Registry, FunctionsMayUseTheRegistry) {
  Registry registry;
  const CounterId id = registry.counter("gatehouse_x_total", "X.");
  registry.loop(0).add(id, 3);
  registry.gauge("gatehouse_copy", "Copy.", {}, [&] { return static_cast<double>(registry.value(id)); });
  EXPECT_EQ(value_of(registry.render(), "gatehouse_copy"), 3);
}

// Reload declares new series while loops count and somebody scrapes.
TEST(Registry, GrowsWhileALoopCounts) {
  Registry registry;
  const CounterId id = registry.counter("gatehouse_x_total", "X.");
  LoopMetrics& loop = registry.loop(0);
  constexpr std::uint64_t kTimes = 20000;
  std::thread counting([&] {
    for (std::uint64_t i = 0; i < kTimes; ++i) loop.add(id);
  });
  std::thread scraping([&] {
    for (int i = 0; i < 10; ++i) registry.render();
  });
  for (int i = 0; i < 200; ++i) registry.histogram("gatehouse_y_seconds", "Y.", {{"n", std::to_string(i)}});
  counting.join();
  scraping.join();
  EXPECT_EQ(registry.value(id), kTimes);
}

TEST(Process, TellsTheStandardSix) {
  Registry registry;
  add_process_metrics(registry, "1.2.3", "abc");
  const std::string page = registry.render();
  EXPECT_GE(value_of(page, "process_cpu_seconds_total"), 0);
  EXPECT_GT(value_of(page, "process_open_fds"), 2);
  EXPECT_GT(value_of(page, "process_max_fds"), 2);
  EXPECT_GT(value_of(page, "process_resident_memory_bytes"), 1e5);
  EXPECT_GT(value_of(page, "process_virtual_memory_bytes"), value_of(page, "process_resident_memory_bytes"));
  EXPECT_GT(value_of(page, "process_start_time_seconds"), 1.6e9);
  EXPECT_EQ(count_of(page, "gatehouse_build_info{version=\"1.2.3\""), 1u);
}

}  // namespace
}  // namespace gatehouse::metrics
