#include "gatehouse/base/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "gatehouse/base/log.h"
#include "hostile.h"
#include "json_check.h"

namespace gatehouse {
namespace {

using test::FlatJson;
using namespace std::chrono_literals;

const WallTime kTime(std::chrono::microseconds(1'772'366'401'000'000));

std::string formatted(const AccessRecord& record) {
  std::array<char, kMaxLogLine> buffer;
  const std::size_t size = format_access_line(buffer, record, kTime);
  return {buffer.data(), size};
}

AccessRecord typical() {
  AccessRecord record;
  record.request_id = "01JNX0000000000000000000AB";
  record.client = "192.0.2.7";
  record.method = "POST";
  record.host = "api.example.com";
  record.path = "/mcp/demo";
  record.proto = "HTTP/1.1";
  record.status = 200;
  record.duration = 12'400us;
  record.ttfb = 11ms;
  record.bytes_in = 120;
  record.bytes_out = 4096;
  record.user_agent = "curl/8.0";
  record.route = "demo";
  record.upstream = "demo";
  record.server = "10.0.0.1:9000";
  record.attempts = 1;
  record.upstream_time = 10ms;
  record.listener = "http";
  record.end = "ok";
  return record;
}

class Format : public ::testing::Test {
 protected:
  void SetUp() override { log::configure({.format = log::Format::kJson}); }
  void TearDown() override { log::configure({}); }
};

TEST_F(Format, TypicalLine) {
  EXPECT_EQ(formatted(typical()),
            "{\"ts\":\"2026-03-01T12:00:01.000000Z\",\"level\":\"info\",\"module\":\"edge\",\"event\":\"request\","
            "\"msg\":\"request\",\"request_id\":\"01JNX0000000000000000000AB\",\"client\":\"192.0.2.7\",\"method\":\"POST\","
            "\"host\":\"api.example.com\",\"path\":\"/mcp/demo\",\"proto\":\"HTTP/1.1\",\"status\":200,"
            "\"duration_ms\":12.400,\"ttfb_ms\":11.000,\"bytes_in\":120,\"bytes_out\":4096,\"user_agent\":\"curl/8.0\","
            "\"route\":\"demo\",\"upstream\":\"demo\",\"server\":\"10.0.0.1:9000\",\"attempts\":1,\"upstream_ms\":10.000,"
            "\"listener\":\"http\",\"end\":\"ok\"}\n");
}

TEST_F(Format, LeavesOutWhatIsNotKnown) {
  const auto object = FlatJson::parse(formatted({}));
  ASSERT_TRUE(object);
  EXPECT_EQ(object->size(), 9u);  // five of every line, status, duration_ms, bytes_in, bytes_out
}

TEST_F(Format, HumanLine) {
  log::configure({.format = log::Format::kHuman});
  AccessRecord record = typical();
  EXPECT_EQ(formatted(record), "12:00:01.000 INFO  edge  POST /mcp/demo 200 12.4 ms\n");
  record.end = "client_closed";
  EXPECT_EQ(formatted(record), "12:00:01.000 INFO  edge  POST /mcp/demo 200 12.4 ms client_closed\n");
}

TEST_F(Format, HostileValuesKeepTheFactsInBothForms) {
  for (const std::string& value : test::hostile_values()) {
    AccessRecord record = typical();
    for (auto* text : {&record.method, &record.host, &record.path, &record.user_agent, &record.principal, &record.tls,
                       &record.mcp_method, &record.mcp_tool, &record.mcp_error})
      *text = value;
    log::configure({.format = log::Format::kJson});
    const std::string line = formatted(record);
    auto object = FlatJson::parse(line);
    ASSERT_TRUE(object) << line;
    EXPECT_EQ((*object)["status"], "200");
    EXPECT_EQ((*object)["end"], "ok");
    EXPECT_TRUE(test::is_utf8(line));
    log::configure({.format = log::Format::kHuman});
    const std::string human = formatted(record);
    EXPECT_EQ(human.find_first_of("\n\r\x1b"), human.size() - 1);
  }
}

std::string take(AccessRing& ring) {
  const auto [first, second] = ring.readable();
  std::string text = std::string(first) + std::string(second);
  ring.consume(text.size());
  return text;
}

TEST(AccessRing, WrapsAndDropsWholeLines) {
  AccessRing ring(16);
  EXPECT_TRUE(ring.push("0123456789\n"));
  EXPECT_FALSE(ring.push("abcdef"));  // five bytes are free
  EXPECT_EQ(ring.dropped(), 1u);
  EXPECT_EQ(take(ring), "0123456789\n");
  EXPECT_TRUE(ring.push("abcdefghijklmno\n"));  // lies over the end, fills the ring exactly
  EXPECT_FALSE(ring.readable().second.empty());
  EXPECT_FALSE(ring.push("x"));
  EXPECT_EQ(take(ring), "abcdefghijklmno\n");
  EXPECT_FALSE(ring.push("longer than the ring"));
  EXPECT_EQ(ring.dropped(), 3u);
  EXPECT_EQ(take(ring), "");
}

TEST(AccessRing, OneProducerAndOneConsumerSeeTheSameBytes) {
  AccessRing ring(256);
  constexpr int kLines = 20000;
  std::thread producer([&] {
    for (int i = 0; i < kLines;) {
      if (ring.push(std::to_string(i) + "\n")) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  std::string expected, seen;
  for (int i = 0; i < kLines; ++i) expected += std::to_string(i) + "\n";
  while (seen.size() < expected.size()) {
    seen += take(ring);
    std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(seen, expected);
}

struct Pipe {
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader = UniqueFd(ends[0]);
    writer = UniqueFd(ends[1]);
  }
  std::string drain() const {
    std::string text;
    char buffer[65536];
    for (ssize_t got; (got = ::read(reader.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  UniqueFd reader, writer;
};

TEST(AccessWriter, WritesWhatIsLeftWhenItStops) {
  const Pipe pipe;
  AccessWriter writer(pipe.writer.get());
  AccessRing& first = writer.add_ring();
  AccessRing& second = writer.add_ring();
  EXPECT_TRUE(first.push("one\n"));
  EXPECT_TRUE(second.push("two\n"));
  writer.stop();
  const std::string text = pipe.drain();
  EXPECT_NE(text.find("one\n"), std::string::npos);
  EXPECT_NE(text.find("two\n"), std::string::npos);
  EXPECT_EQ(text.size(), 8u);
  EXPECT_EQ(writer.dropped_lines(), 0u);
}

TEST(AccessWriter, ManyProducersNeitherMixNorLoseLinesThatWereTaken) {
  const Pipe pipe;
  AccessWriter writer(pipe.writer.get());
  constexpr int kThreads = 3, kLines = 3000;
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&taken, &ring = writer.add_ring(4096), t] {
      const std::string line = std::string(40, static_cast<char>('a' + t)) + "\n";
      for (int i = 0; i < kLines; ++i) taken += ring.push(line) ? 1 : 0;
    });
  }
  std::string text;
  std::thread reader([&] {
    for (; !text.ends_with("end\n"); text += pipe.drain()) std::this_thread::yield();
  });
  for (auto& thread : threads) thread.join();
  writer.stop();
  ASSERT_EQ(::write(pipe.writer.get(), "end\n", 4), 4);
  reader.join();
  EXPECT_EQ(writer.dropped_lines(), static_cast<std::uint64_t>(kThreads * kLines - taken));
  EXPECT_EQ(text.size(), static_cast<std::size_t>(taken) * 41 + 4);
  EXPECT_EQ(text.find("ab"), std::string::npos);
  EXPECT_EQ(text.find("ba"), std::string::npos);
}

TEST(AccessWriter, CountsWhatADeadReaderCost) {
  Pipe pipe;
  pipe.reader.reset();
  const std::uint64_t before = log::dropped_lines();
  AccessWriter writer(pipe.writer.get());
  AccessRing& ring = writer.add_ring();
  EXPECT_TRUE(ring.push("one\n"));
  EXPECT_TRUE(ring.push("two\n"));
  writer.stop();
  EXPECT_EQ(writer.dropped_lines(), 2u);
  EXPECT_GE(log::dropped_lines(), before + 2);
}

TEST(AccessWriter, SurvivesAFullDevice) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  AccessWriter writer(full.get());
  AccessRing& ring = writer.add_ring();
  EXPECT_TRUE(ring.push("one\n"));
  writer.stop();
  EXPECT_EQ(writer.dropped_lines(), 1u);
}

TEST(AccessWriter, AHangingReaderDoesNotHangTheEnd) {
  const Pipe pipe;
  AccessWriter writer(pipe.writer.get());
  AccessRing& ring = writer.add_ring();
  const std::string line = std::string(1023, 'x') + "\n";
  for (int i = 0; i < 512; ++i) ring.push(line);
  writer.stop();
  EXPECT_GT(writer.dropped_lines(), 0u);
}

}  // namespace
}  // namespace gatehouse
