#include "gatehouse/upstream/outbound.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "gatehouse/net/listener.h"
#include "gatehouse/upstream/pool.h"

namespace gatehouse::upstream {
namespace {

using namespace std::chrono_literals;

// The server is the test itself: it accepts, reads and writes between the turns of the loop.
class OutboundTest : public ::testing::Test {
 protected:
  OutboundTest() {
    auto socket = net::listen({.host = "127.0.0.1", .port = 0});
    EXPECT_TRUE(socket.ok());
    listener_ = std::move(*socket);
    GroupSettings settings;
    settings.name = "mcp";
    settings.servers = {{.address = {.host = "127.0.0.1", .port = net::local_endpoint(listener_.get())->port()}}};
    pool_ = std::make_unique<Pool>(loop_, std::make_shared<Group>(settings), resolver_);
  }

  static runtime::Task<void> ask(Outbound& call, OutboundRequest request, std::optional<Result<int>>* out) {
    *out = co_await call.start(std::move(request), 5s);
  }
  // Starts the call and accepts its connection.
  void begin(Outbound& call, std::string_view body) {
    answer_.reset();
    tasks_.spawn(ask(call, {.method = "POST", .path = "/mcp", .headers = {}, .body = body}, &answer_));
    turn();
    int error = 0;
    if (auto accepted = net::accept_one(listener_.get(), &error)) {
      server_ = std::move(accepted->fd);
      ++accepted_;
    }
    turn();
  }
  void turn() {
    for (int i = 0; i < 5; ++i) loop_.run_for_test(1ms);
  }
  void say(std::string_view bytes) {
    ASSERT_EQ(::send(server_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    turn();
  }
  std::string body(Outbound& call) {
    std::string all;
    for (;;) {
      const Piece piece = call.try_next();
      if (piece.state == Piece::State::kBytes) all += piece.bytes;
      if (piece.state == Piece::State::kEnd) return all;
      if (piece.state == Piece::State::kError) return all + "(broken)";
      if (piece.state == Piece::State::kWouldBlock) return all + "(waits)";
    }
  }

  runtime::Loop loop_{runtime::system_clock()};
  runtime::OffloadPool offload_{1};
  net::Resolver resolver_{loop_, offload_};
  UniqueFd listener_, server_;
  int accepted_ = 0;
  std::unique_ptr<Pool> pool_;
  runtime::Waiter waiter_{loop_};
  std::optional<Result<int>> answer_;
  runtime::TaskGroup tasks_;
};

TEST_F(OutboundTest, AWholeExchangeGivesItsConnectionBack) {
  {
    Outbound call(*pool_, waiter_);
    begin(call, "hello");
    say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_TRUE(answer_ && answer_->ok());
    EXPECT_EQ(**answer_, 200);
    EXPECT_EQ(body(call), "hi");
  }
  EXPECT_EQ(pool_->idle(), 1u);
  Outbound again(*pool_, waiter_);
  begin(again, "hello");
  say("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ(accepted_, 1);
}

TEST_F(OutboundTest, AnAnswerBeforeTheWholeRequestCountsButItsConnectionIsNotUsedAgain) {
  const std::string large(32 * 1024 * 1024, 'x');  // more than the socket's buffers take
  Outbound call(*pool_, waiter_);
  begin(call, large);
  say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ(**answer_, 413);
  EXPECT_EQ(body(call), "no");
  EXPECT_EQ(pool_->idle(), 0u);
}

TEST_F(OutboundTest, AFinalAnswerBehindAnInterimOneIsSeenAtOnce) {
  Outbound call(*pool_, waiter_);
  begin(call, "hello");
  say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_TRUE(answer_ && answer_->ok());
  EXPECT_EQ(**answer_, 200);
  EXPECT_EQ(body(call), "hi");
}

TEST_F(OutboundTest, TheHeadStaysReadableWhileTheBodyArrives) {
  Outbound call(*pool_, waiter_);
  begin(call, "hello");
  say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(answer_ && answer_->ok());
  for (int i = 0; i < 20; ++i) {
    std::string chunk = "1000\r\n" + std::string(4096, 'y') + "\r\n";
    say(chunk);
    EXPECT_EQ(body(call), std::string(4096, 'y') + "(waits)");
  }
  EXPECT_EQ(call.response().fields.value(http::FieldId::kContentType), "text/event-stream");
  server_.reset();
  turn();
  EXPECT_EQ(body(call), "(broken)");
}

TEST_F(OutboundTest, WhatIsNotHttpIsAnError) {
  for (const char* answer : {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "HTTP/1.1 200 OK\n\n"}) {
    Outbound call(*pool_, waiter_);
    begin(call, "hello");
    say(answer);
    ASSERT_TRUE(answer_ && !answer_->ok()) << answer;
    EXPECT_EQ(answer_->error().slug, "upstream-malformed");
  }
}

TEST_F(OutboundTest, AServerThatHangsUpIsAnError) {
  Outbound call(*pool_, waiter_);
  begin(call, "hello");
  server_.reset();
  turn();
  ASSERT_TRUE(answer_ && !answer_->ok());
  EXPECT_EQ(answer_->error().slug, "upstream-closed");
}

}  // namespace
}  // namespace gatehouse::upstream
