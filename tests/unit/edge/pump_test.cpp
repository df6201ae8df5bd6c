#include "pump.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fakes/manual_clock.h"

namespace gatehouse::edge {
namespace {

using namespace std::chrono_literals;

// Two socket pairs: what the test writes into `source` the pump reads, what the pump writes the test reads from `sink`.
class PumpTest : public ::testing::Test {
 protected:
  struct End {
    UniqueFd test, ours;
  };
  static End make_pair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
  }
  PumpTest() : source_pair_(make_pair()), sink_pair_(make_pair()) {}

  void start(http::Framing framing, std::uint64_t length, bool chunked, std::string_view head, std::string_view buffered = {}) {
    std::copy(buffered.begin(), buffered.end(), buffer_.begin());
    body_.start(source_, buffer_, 0, buffered.size(), 0, framing, length);
    pump_.start(body_, sink_, head, chunked);
  }
  void feed(std::string_view bytes) {
    ASSERT_EQ(::write(source_pair_.test.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    loop_.run_for_test(0ms);
  }
  Pump::State step() {
    const Pump::State state = pump_.step();
    char bytes[65536];
    for (ssize_t got; (got = ::read(sink_pair_.test.get(), bytes, sizeof bytes)) > 0;) output_.append(bytes, static_cast<std::size_t>(got));
    loop_.run_for_test(0ms);
    return state;
  }

  fakes::ManualClock clock_;
  runtime::Loop loop_{clock_};
  End source_pair_, sink_pair_;
  tls::Stream source_{loop_, std::move(source_pair_.ours), nullptr};
  tls::Stream sink_{loop_, std::move(sink_pair_.ours), nullptr};
  std::vector<char> buffer_ = std::vector<char>(4096);
  BodySource body_;
  Pump pump_;
  std::string output_;
};

TEST_F(PumpTest, TrailersThatAreKeptFollowTheLastChunk) {
  std::vector<char> storage(100);
  start(http::Framing::kChunked, 0, true, "");
  body_.keep_trailers(storage);
  feed("1\r\na\r\n0\r\nX-Sum: 1\r\nHost: x\r\n");
  EXPECT_EQ(step(), Pump::State::kNeedsInput);
  feed("\r\n");
  EXPECT_EQ(step(), Pump::State::kDone);
  EXPECT_EQ(output_, "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST_F(PumpTest, SendsTheHeadAloneWhenThereIsNoBody) {
  start(http::Framing::kNone, 0, false, "HEAD\r\n\r\n", "NEXT");
  EXPECT_EQ(step(), Pump::State::kDone);
  EXPECT_EQ(output_, "HEAD\r\n\r\n");
  EXPECT_EQ(body_.unread(), "NEXT");
}

TEST_F(PumpTest, PassesALengthDelimitedBodyAndLeavesWhatFollows) {
  start(http::Framing::kLength, 8, false, "H;", "abc");
  EXPECT_EQ(step(), Pump::State::kNeedsInput);
  EXPECT_EQ(output_, "H;abc");
  feed("defghNEXT");
  EXPECT_EQ(step(), Pump::State::kDone);
  EXPECT_EQ(output_, "H;abcdefgh");
  EXPECT_EQ(body_.unread(), "NEXT");
}

TEST_F(PumpTest, ChunksAnewWhateverTheChunksWere) {
  start(http::Framing::kChunked, 0, true, "H;", "3;x=y\r\nab");
  EXPECT_EQ(step(), Pump::State::kNeedsInput);
  EXPECT_EQ(output_, "H;2\r\nab\r\n");
  feed("c\r\n1\r\nd\r\n0\r\nTrailer: dropped\r\n\r\nNEXT");
  EXPECT_EQ(step(), Pump::State::kDone);
  EXPECT_EQ(output_, "H;2\r\nab\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n");
  EXPECT_EQ(body_.unread(), "NEXT");
}

TEST_F(PumpTest, ABodyThatEndsTooEarlyIsAFailure) {
  start(http::Framing::kLength, 8, false, "H;", "abc");
  EXPECT_EQ(step(), Pump::State::kNeedsInput);
  source_pair_.test.reset();
  loop_.run_for_test(0ms);
  EXPECT_EQ(step(), Pump::State::kSourceFailed);
}

TEST_F(PumpTest, ABodyUntilCloseEndsWithTheConnection) {
  start(http::Framing::kUntilClose, 0, true, "H;", "abc");
  EXPECT_EQ(step(), Pump::State::kNeedsInput);
  source_pair_.test.reset();
  loop_.run_for_test(0ms);
  EXPECT_EQ(step(), Pump::State::kDone);
  EXPECT_EQ(output_, "H;3\r\nabc\r\n0\r\n\r\n");
}

TEST_F(PumpTest, BrokenChunksAreRefused) {
  start(http::Framing::kChunked, 0, true, "H;", "zz\r\n");
  EXPECT_EQ(step(), Pump::State::kSourceRefused);
}

TEST_F(PumpTest, ABodyOverTheLimitIsRefusedBeforeItIsSent) {
  start(http::Framing::kChunked, 0, true, "H;", "5\r\nabcde\r\n0\r\n\r\n");
  body_.limit(4);
  EXPECT_EQ(step(), Pump::State::kSourceRefused);
  EXPECT_EQ(output_, "");
}

TEST_F(PumpTest, ASinkThatTakesNothingStopsTheReading) {
  start(http::Framing::kUntilClose, 0, false, "H;");
  std::string sent;
  for (int i = 0; i < 4096 && pump_.step() != Pump::State::kNeedsRoom; ++i) {
    const std::string piece(4096, static_cast<char>('a' + i % 26));
    if (::write(source_pair_.test.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size())) sent += piece;
    loop_.run_for_test(0ms);
  }
  EXPECT_EQ(pump_.step(), Pump::State::kNeedsRoom);
  source_pair_.test.reset();
  for (int i = 0; i < 4096 && step() != Pump::State::kDone; ++i) {
  }
  EXPECT_EQ(output_, "H;" + sent);
}

}  // namespace
}  // namespace gatehouse::edge
