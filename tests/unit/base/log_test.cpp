#include "gatehouse/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "gatehouse/base/json.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/base/unique_fd.h"
#include "hostile.h"
#include "json_check.h"

namespace gatehouse {
namespace {

using test::FlatJson;

WallTime fixed_clock() noexcept { return WallTime(std::chrono::microseconds(1'772'366'401'000'000)); }

class Log : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    reader_ = UniqueFd(ends[0]);
    writer_ = UniqueFd(ends[1]);
    log::redirect_for_test(writer_.get());
    log::set_wall_clock_for_test(fixed_clock);
    log::configure({.level = log::Level::kInfo, .format = log::Format::kJson});
  }
  void TearDown() override {
    log::flush();
    ::unsetenv("JOURNAL_STREAM");
    log::redirect_for_test(-1);
    log::set_wall_clock_for_test(nullptr);
    log::configure({});
  }
  std::string read() {
    std::string text;
    char buffer[65536];
    for (ssize_t got; (got = ::read(reader_.get(), buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(got));
    return text;
  }
  std::string flushed() {
    log::flush();
    return read();
  }
  UniqueFd reader_, writer_;
};

TEST_F(Log, WritesFieldsInOrder) {
  log::warn("edge", "listener.started", "listening",
            {{"address", "127.0.0.1:80"}, {"count", 3}, {"ratio", 0.5}, {"ok", true}});
  EXPECT_EQ(flushed(),
            "{\"ts\":\"2026-03-01T12:00:01.000000Z\",\"level\":\"warn\",\"module\":\"edge\",\"event\":\"listener.started\","
            "\"msg\":\"listening\",\"address\":\"127.0.0.1:80\",\"count\":3,\"ratio\":0.5,\"ok\":true}\n");
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  log::debug("edge", "x", "not seen");
  log::info("edge", "x", "seen");
  log::configure({.level = log::Level::kError, .format = log::Format::kJson});
  log::warn("edge", "x", "not seen");
  const std::string text = flushed();
  EXPECT_EQ(text.find("not seen"), std::string::npos);
  EXPECT_NE(text.find("seen"), std::string::npos);
}

TEST_F(Log, HumanLines) {
  log::configure({.format = log::Format::kHuman});
  log::info("edge", "listener.started", "listening", {{"address", "127.0.0.1:80"}, {"name", "two words"}});
  log::error("tls", "x", "broken", {{"error", "\x1b[2J\n"}});
  EXPECT_EQ(flushed(),
            "12:00:01.000 INFO  edge  listening  address=127.0.0.1:80 name=\"two words\"\n"
            "12:00:01.000 ERROR tls  broken  error=\"\\u001b[2J\\n\"\n");
}

// A terminal of its own in place of the pipe.
class LogOnTerminal : public Log {
 protected:
  void SetUp() override {
    Log::SetUp();
    reader_ = UniqueFd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    ASSERT_TRUE(reader_);
    ASSERT_EQ(::grantpt(reader_.get()) + ::unlockpt(reader_.get()), 0);
    writer_ = UniqueFd(::open(::ptsname(reader_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_TRUE(writer_);
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    log::redirect_for_test(writer_.get());
  }
  void TearDown() override {
    Log::TearDown();
    ::unsetenv("NO_COLOR");
  }
  std::string line(log::Format format) {
    log::configure({.format = format});
    log::warn("edge", "x", "y");
    return flushed();
  }
};

TEST_F(LogOnTerminal, ColorsTheLevelUnlessTheUserSaysNo) {
  EXPECT_EQ(line(log::Format::kAuto), "12:00:01.000 \033[33mWARN\033[0m  edge  y\r\n");
  EXPECT_EQ(line(log::Format::kHuman), "12:00:01.000 \033[33mWARN\033[0m  edge  y\r\n");
  EXPECT_EQ(line(log::Format::kJson).find('\033'), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(line(log::Format::kAuto), "12:00:01.000 WARN  edge  y\r\n");
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_EQ(line(log::Format::kAuto), "12:00:01.000 WARN  edge  y\r\n");
}

TEST_F(Log, AutoIsJsonOnAPipe) {
  log::configure({.format = log::Format::kAuto});
  log::info("edge", "x", "y");
  EXPECT_TRUE(FlatJson::parse(flushed()));
}

TEST_F(Log, PrefixesTheLevelOnlyWhenTheJournalReads) {
  struct stat status{};
  ASSERT_EQ(::fstat(writer_.get(), &status), 0);
  ::setenv("JOURNAL_STREAM", (std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).c_str(), 1);
  log::configure({.level = log::Level::kDebug, .format = log::Format::kJson});
  log::debug("edge", "x", "y");
  log::info("edge", "x", "y");
  log::warn("edge", "x", "y");
  log::error("edge", "x", "y");
  const std::string text = flushed();
  for (const char* prefix : {"<7>{", "<6>{", "<4>{", "<3>{"}) EXPECT_NE(text.find(prefix), std::string::npos) << prefix;
  ::setenv("JOURNAL_STREAM", "1:1", 1);
  log::configure({.format = log::Format::kJson});
  log::info("edge", "x", "y");
  EXPECT_EQ(flushed().front(), '{');
}

TEST_F(Log, HostileValuesStayOneLine) {
  for (const std::string& value : test::hostile_values()) {
    log::info("edge", "x", value, {{"value", value}, {value, "x"}, {"last", 1}});
    const std::string text = flushed();
    auto object = FlatJson::parse(text);
    ASSERT_TRUE(object) << text;
    EXPECT_LE(text.size(), kMaxLogLine);
    EXPECT_TRUE(test::is_utf8(text));
    EXPECT_EQ((*object)["level"], "info");
  }
}

TEST_F(Log, CountsAndTellsOfLinesThatADeadReaderCost) {
  reader_.reset();
  const std::uint64_t before = log::dropped_lines();
  log::info("edge", "x", "nobody reads this");
  log::flush();
  EXPECT_GT(log::dropped_lines(), before);

  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  reader_ = UniqueFd(ends[0]);
  writer_ = UniqueFd(ends[1]);
  log::redirect_for_test(writer_.get());
  log::info("edge", "x", "somebody reads this");
  const std::string text = flushed();
  EXPECT_NE(text.find("\"event\":\"log.lines_dropped\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"dropped\":"), std::string::npos);
  EXPECT_NE(text.find("somebody"), std::string::npos);
}

// The pipe is full and nobody reads: the caller goes on, the queue loses its oldest lines, the end takes a second at most.
TEST_F(Log, DoesNotBlockOnAReaderThatHangs) {
  const std::uint64_t before = log::dropped_lines();
  const std::string filler(1000, 'f');
  for (int i = 0; i < 5000; ++i) log::info("edge", "x", "y", {{"filler", filler}, {"i", i}});
  EXPECT_GT(log::dropped_lines(), before + 1000);
  std::atomic<bool> done{false};
  std::string text;
  std::thread reader([&] {
    while (!done) text += read();
  });
  log::info("edge", "x", "after");
  log::flush();
  done = true;
  reader.join();
  text += read();
  EXPECT_NE(text.find("\"msg\":\"after\""), std::string::npos);
  EXPECT_NE(text.find("\"dropped\":"), std::string::npos);
}

}  // namespace
}  // namespace gatehouse
