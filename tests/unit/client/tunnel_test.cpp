// Connections behind an upgrade.
#include "call_fixture.h"

namespace gatehouse::client {
namespace {

constexpr std::string_view kSwitch = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

class TunnelTest : public CallTest {
 protected:
  Result<Tunnel> tunnel_to(RawServer& server) {
    auto call = begin(server, "tcp");
    if (!call) return std::move(call).error();
    EXPECT_TRUE(call->upgraded());
    return call->take_tunnel();
  }
};

TEST_F(TunnelTest, BytesGoBothWaysAndThoseBehindTheHeadComeFirst) {
  const std::string hijacked = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";
  for (const std::string& answer : {std::string(kSwitch), hijacked}) {
    RawServer server(loop_, {.answer = answer + "early", .end = Script::End::kEcho});
    Request request = get(server, "/exec/1/start");
    request.method = "POST";
    request.body = "{}";
    request.upgrade = "tcp";
    auto call = begin(std::move(request));
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_TRUE(server.received.ends_with("\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}"))
        << server.received;
    ASSERT_TRUE(call->upgraded());
    Tunnel tunnel = call->take_tunnel();
    EXPECT_EQ(said(run(tunnel.read())), "early");
    EXPECT_EQ(said(run(tunnel.write("hello", 5s))), "done");
    EXPECT_EQ(said(run(tunnel.read())), "hello");
    tunnel.shutdown_write();  // the peer has more to say
    EXPECT_EQ(said(run(read_to_end(tunnel))), "bye");
    EXPECT_EQ(said(run(tunnel.read())), "");
  }
}

TEST_F(TunnelTest, AnotherAnswerIsJustAnAnswer) {
  const std::pair<std::string, std::string> answers[] = {
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "404 [no]"},
      {"HTTP/1.1 500 Oops\r\n\r\nno", "500 [no]"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\n", "200 [\n]"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 [hi]"},
  };
  for (const auto& [answer, expected] : answers) {
    RawServer server(loop_, {.answer = answer});
    auto call = begin(server, "tcp");
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_FALSE(call->upgraded());
    EXPECT_EQ(std::to_string(call->head().status) + " " + said(run(read_to_end(*call))), expected);
  }
}

TEST_F(TunnelTest, AnotherProtocolIsAnError) {
  for (const std::string upgrade : {"Upgrade: h2c\r\n", ""}) {
    const std::string head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
    RawServer server(loop_, {.answer = head + upgrade + "\r\n"});
    EXPECT_EQ(begin(server, "tcp").error().slug, "bad-answer") << upgrade;
  }
}

TEST_F(TunnelTest, ASwitchBeforeTheRequestIsCompleteIsAnError) {
  RawServer server(loop_, {.answer = std::string(kSwitch),
                           .after = Script::After::kHead,
                           .end = Script::End::kHold,
                           .deaf = true});
  Request request = get(server);
  request.method = "POST";
  request.body = std::string(30'000'000, 'x');
  request.upgrade = "tcp";
  EXPECT_EQ(begin(std::move(request)).error().slug, "bad-answer");
}

TEST_F(TunnelTest, WritingHasADeadline) {
  RawServer server(loop_, {.answer = std::string(kSwitch), .end = Script::End::kHold, .deaf = true});
  auto tunnel = tunnel_to(server);
  ASSERT_TRUE(tunnel) << tunnel.error().message;
  const std::string much(30'000'000, 'x');
  std::optional<Status> written;
  runtime::TaskGroup group;
  group.spawn(keep(tunnel->write(much, 5s), written));
  turn(200);
  pass(4900ms);
  EXPECT_FALSE(written);
  pass(200ms);
  ASSERT_TRUE(written);
  EXPECT_EQ(said(*written), "timeout");
  EXPECT_EQ(said(run(tunnel->write("x", 5s))), "timeout");  // half a message was sent: it stays broken
}

TEST_F(TunnelTest, APeerThatIsGoneIsAnError) {
  RawServer server(loop_, {.answer = std::string(kSwitch), .end = Script::End::kReset});
  auto tunnel = tunnel_to(server);
  ASSERT_TRUE(tunnel) << tunnel.error().message;
  turn();
  EXPECT_TRUE(said(run(tunnel->read())).starts_with("closed: "));
  EXPECT_EQ(said(run(tunnel->write("x", 5s))), "closed");
}

// Both directions at once, in one coroutine, with more than the socket's buffers hold.
TEST_F(TunnelTest, BothDirectionsAtOnce) {
  struct Both {
    static runtime::Task<Result<std::string>> exchange(Tunnel& tunnel, std::string out, runtime::Waiter& waiter) {
      std::string in;
      std::string_view rest = out;
      for (;;) {
        bool moved = false;
        if (!rest.empty()) {
          auto put = tunnel.try_write(rest.substr(0, 100'000));
          if (!put) co_return std::move(put).error();
          rest.remove_prefix(*put);
          moved = *put > 0;
          if (rest.empty()) tunnel.shutdown_write();
        }
        const Piece piece = tunnel.try_read();
        if (piece.state == Piece::State::kEnd) co_return in;
        if (piece.state == Piece::State::kError) co_return tunnel.error();
        in += piece.bytes;
        if (!moved && piece.state == Piece::State::kWouldBlock) co_await waiter.wait();
      }
    }
  };
  RawServer server(loop_, {.answer = std::string(kSwitch), .end = Script::End::kEcho});
  auto tunnel = tunnel_to(server);
  ASSERT_TRUE(tunnel) << tunnel.error().message;
  runtime::Waiter waiter(loop_);
  tunnel->set_waiter(&waiter);
  std::string out;
  while (out.size() < 10'000'000) out += std::to_string(out.size()) + " ";
  const auto in = run(Both::exchange(*tunnel, out, waiter));
  ASSERT_TRUE(in) << in.error().message;
  EXPECT_TRUE(*in == out + "bye") << in->size() << " of " << out.size();
}

}  // namespace
}  // namespace gatehouse::client
