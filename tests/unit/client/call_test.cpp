// Answers piece by piece.
#include "call_fixture.h"

namespace gatehouse::client {
namespace {

TEST_F(CallTest, TheHeadComesFirstThenEachPiece) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n", .end = Script::End::kEcho});
  auto call = begin(server);
  ASSERT_TRUE(call) << call.error().message;
  EXPECT_EQ(call->head().status, 200);
  EXPECT_EQ(call->head().header("x"), "y");
  EXPECT_FALSE(call->upgraded());
  std::optional<Result<std::string_view>> piece;
  runtime::TaskGroup group;
  group.spawn(keep(call->read(), piece));
  turn();
  EXPECT_FALSE(piece);  // it waits
}

TEST_F(CallTest, PiecesEndWithTheBody) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"});
  auto call = begin(server);
  ASSERT_TRUE(call);
  EXPECT_EQ(said(run(read_to_end(*call))), "[a][bc]");
  EXPECT_EQ(said(run(call->read())), "");  // and again
  auto moved = std::move(*call);
  EXPECT_EQ(moved.head().status, 200);
}

TEST_F(CallTest, ACutBodyIsAnErrorAndStaysOne) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nb"});
  auto call = begin(server);
  ASSERT_TRUE(call);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(said(run(read_to_end(*call))).starts_with("bad-answer: "));
  EXPECT_EQ(call->try_read().state, Piece::State::kError);
  EXPECT_EQ(call->error().slug, "bad-answer");
}

TEST_F(CallTest, ReadingMayWaitForSoLongAndGoOn) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\n\r\nx", .drip = 1s});
  Request request = get(server);
  request.deadline = 100s;
  std::optional<Result<Call>> call;
  runtime::TaskGroup group;
  group.spawn(keep(open(network(), std::move(request)), call));
  while (!call) pass(100ms);
  ASSERT_TRUE(*call);
  std::optional<Result<std::string_view>> piece;
  group.spawn(keep((*call)->read(500ms), piece));
  pass(600ms);
  ASSERT_TRUE(piece);
  EXPECT_TRUE(said(*piece).ends_with(" sent nothing for 500 ms")) << said(*piece);
  piece.reset();
  group.spawn(keep((*call)->read(1500ms), piece));
  pass(1s);
  ASSERT_TRUE(piece);
  EXPECT_EQ(said(*piece), "x");
}

TEST_F(CallTest, AnEndlessStreamNeedsNoDeadline) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\n\r\n", .end = Script::End::kEcho});
  auto call = begin(server);
  ASSERT_TRUE(call);
  std::optional<Result<std::string_view>> piece;
  runtime::TaskGroup group;
  group.spawn(keep(call->read(), piece));
  clock_.advance(24h);
  turn();
  EXPECT_FALSE(piece);
}

TEST_F(CallTest, TheHeadMayHaveADeadlineOfItsOwn) {
  for (const bool patient : {false, true}) {
    RawServer server(loop_, {.answer = std::string(kOk), .drip = 1s});  // takes 40 s
    Request request = get(server);
    request.deadline = patient ? 5s : 500s;
    request.head_deadline = patient ? kForever : 5s;
    std::optional<Result<Call>> call;
    runtime::TaskGroup group;
    group.spawn(keep(open(network(), std::move(request)), call));
    pass(6s);
    EXPECT_EQ(call.has_value(), !patient);
    pass(40s);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->ok(), patient);
    if (!patient) EXPECT_EQ(call->error().slug, "timeout");
  }
}

TEST_F(CallTest, AllOfABodyHasLimitAndDeadline) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  auto call = begin(server);
  ASSERT_TRUE(call);
  EXPECT_EQ(said(run(call->read_all(2, 5s))), "hi");
  call = begin(server);
  EXPECT_TRUE(said(run(call->read_all(1, 5s))).starts_with("answer-too-large: "));
  server.script = {.answer = "HTTP/1.1 200 OK\r\n\r\n", .end = Script::End::kHold};
  call = begin(server);
  std::optional<Result<std::string>> body;
  runtime::TaskGroup group;
  group.spawn(keep(call->read_all(1, 5s), body));
  pass(5100ms);
  ASSERT_TRUE(body);
  EXPECT_TRUE(said(*body).ends_with("took more than 5000 ms (reading the answer)")) << said(*body);
}

TEST_F(CallTest, MayBeReadWithOtherEvents) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwxyz", .piece = 1});
  auto call = begin(server);
  ASSERT_TRUE(call);
  runtime::Waiter waiter(loop_);
  call->set_waiter(&waiter);
  struct Reader {
    static runtime::Task<Result<std::string>> read(Call& from, runtime::Waiter& woken) {
      std::string all;
      for (;;) {
        const Piece piece = from.try_read();
        if (piece.state == Piece::State::kEnd) co_return all;
        if (piece.state == Piece::State::kError) co_return from.error();
        all += piece.bytes;
        if (piece.state == Piece::State::kWouldBlock) co_await woken.wait();
      }
    }
  };
  EXPECT_EQ(said(run(Reader::read(*call, waiter))), "wxyz");
}

// Whoever reads what is there already lets others run now and then.
TEST_F(CallTest, AFastPeerDoesNotKeepTheLoop) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\n\r\n" + std::string(16'000'000, 'x')});
  auto call = begin(server);
  ASSERT_TRUE(call);
  struct Reader {
    static runtime::Task<Result<std::string>> read(Call& from, std::size_t& since) {
      for (;;) {
        auto piece = co_await from.read();
        if (!piece || piece->empty()) co_return std::string("end");
        since += piece->size();
      }
    }
  };
  turn();  // the server fills what the kernel gives
  std::size_t in_one_turn = 0, most = 0;
  std::optional<Result<std::string>> out;
  runtime::TaskGroup group;
  group.spawn(keep(Reader::read(*call, in_one_turn), out));
  for (int i = 0; i < 5000 && !out; ++i) {
    most = std::max(most, std::exchange(in_one_turn, 0));
    loop_.run_for_test(0ms);
  }
  ASSERT_TRUE(out);
  EXPECT_GT(most, 200'000u);
  EXPECT_LT(most, 330'000u);
}

}  // namespace
}  // namespace gatehouse::client
