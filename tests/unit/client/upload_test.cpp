// Bodies of requests piece by piece.
#include "call_fixture.h"

namespace gatehouse::client {
namespace {

// Gives pieces, and notes how many were asked for.
struct Source {
  std::vector<std::string> pieces{};
  runtime::Loop* waits_on = nullptr;    // before the last piece, until let_go()
  std::optional<Error> error{};         // instead of the end
  std::size_t asked = 0;
  runtime::Waiter* sleeping = nullptr;  // of the coroutine that waits

  void let_go() {
    waits_on = nullptr;
    if (sleeping != nullptr) sleeping->notify();
  }
  static runtime::Task<void> sleep(Source& source, runtime::Loop& loop) {
    struct Sleeper {
      Sleeper(Source& its_source, runtime::Loop& loop) : source(its_source), waiter(loop) { source.sleeping = &waiter; }
      Sleeper(const Sleeper&) = delete;
      Sleeper& operator=(const Sleeper&) = delete;
      ~Sleeper() { source.sleeping = nullptr; }
      Source& source;
      runtime::Waiter waiter;
    };
    Sleeper sleeper(source, loop);
    while (source.waits_on != nullptr) co_await sleeper.waiter.wait();
  }
  static runtime::Task<Result<std::string>> next(Source& source) {
    const std::size_t index = source.asked++;
    if (index + 1 == source.pieces.size() && source.waits_on != nullptr) co_await sleep(source, *source.waits_on);
    if (index < source.pieces.size()) co_return source.pieces[index];
    if (source.error) co_return *source.error;
    co_return std::string();
  }
  Pieces function() {
    return [this] { return next(*this); };
  }
};

class UploadTest : public CallTest {
 protected:
  Request put(const RawServer& server, Source& source) {
    Request request = get(server);
    request.method = "PUT";
    request.pieces = source.function();
    return request;
  }
  static std::string body_of(const RawServer& server) { return server.received.substr(server.received.find("\r\n\r\n") + 4); }
};

TEST_F(UploadTest, PiecesAreChunksOrHaveTheirLength) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  Source source{.pieces = {"hello", std::string(20, 'x')}};
  EXPECT_EQ(outcome(put(server, source)), "200 hi");
  EXPECT_NE(server.received.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(body_of(server), "5\r\nhello\r\n14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n");

  server.received.clear();
  source = {.pieces = {"hello", " world"}};
  Request request = put(server, source);
  request.pieces_size = 11;
  EXPECT_EQ(outcome(std::move(request)), "200 hi");
  EXPECT_NE(server.received.find("\r\nContent-Length: 11\r\n"), std::string::npos);
  EXPECT_EQ(body_of(server), "hello world");
  EXPECT_EQ(source.asked, 3u);

  server.received.clear();
  source = {};
  EXPECT_EQ(outcome(put(server, source)), "200 hi");
  EXPECT_EQ(body_of(server), "0\r\n\r\n");
}

TEST_F(UploadTest, AWrongLengthIsAnError) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  for (const std::uint64_t size : {4u, 6u}) {
    Source source{.pieces = {"hello"}};
    Request request = put(server, source);
    request.pieces_size = size;
    EXPECT_TRUE(outcome(std::move(request)).starts_with("bad-request: ")) << size;
  }
  Source source{.pieces = {"hello"}};
  Request request = put(server, source);
  request.body = "x";
  EXPECT_TRUE(outcome(std::move(request)).starts_with("bad-request: "));
}

TEST_F(UploadTest, TheErrorOfTheSourceIsTheErrorOfTheCall) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  Source source{.pieces = {"hello"}, .error = make_error("disk", "cannot read the file")};
  EXPECT_EQ(outcome(put(server, source)), "disk: cannot read the file");
  turn();
  EXPECT_EQ(body_of(server), "5\r\nhello\r\n");  // without an end
}

TEST_F(UploadTest, ThePeerSetsThePace) {
  RawServer server(loop_, {.after = Script::After::kNever});
  Source source{.pieces = std::vector<std::string>(1000, std::string(100'000, 'x'))};
  std::optional<Result<Answer>> out;
  runtime::TaskGroup group;
  group.spawn(keep(fetch(network(), put(server, source)), out));
  turn(200);
  const std::size_t asked = source.asked;
  EXPECT_LT(asked, 200u);
  EXPECT_GT(asked, 1u);
  turn(200);
  EXPECT_EQ(source.asked, asked);
}

TEST_F(UploadTest, MuchMoreThanTheSocketTakesArrives) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  const std::string piece(300'000, 'p');
  Source source{.pieces = std::vector<std::string>(30, piece)};
  Request request = put(server, source);
  request.pieces_size = 30 * piece.size();
  EXPECT_EQ(outcome(std::move(request)), "200 hi");
  EXPECT_EQ(body_of(server), std::string(30 * piece.size(), 'p'));
}

TEST_F(UploadTest, ASourceMayTakeItsTime) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  Source source{.pieces = {"a", "b"}, .waits_on = &loop_};
  std::optional<Result<Answer>> out;
  runtime::TaskGroup group;
  group.spawn(keep(fetch(network(), put(server, source)), out));
  turn();
  EXPECT_FALSE(out);
  EXPECT_EQ(body_of(server), "1\r\na\r\n");
  source.let_go();
  ASSERT_TRUE(run_until(out));
  EXPECT_EQ(body_of(server), "1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
}

TEST_F(UploadTest, ASourceThatWaitsEndsWithTheCall) {
  for (const bool answered : {true, false}) {
    RawServer server(loop_, {.answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
                             .after = answered ? Script::After::kHead : Script::After::kNever});
    Source source{.pieces = {"a", "b"}, .waits_on = &loop_};
    std::optional<Result<Answer>> out;
    {
      runtime::TaskGroup group;
      group.spawn(keep(fetch(network(), put(server, source)), out));
      turn();
      EXPECT_EQ(out.has_value(), answered);
      EXPECT_EQ(source.sleeping != nullptr, !answered);
    }
    EXPECT_EQ(source.sleeping, nullptr);
  }
}

// A server that begins to answer while it reads gets the rest, unless it refuses.
TEST_F(UploadTest, GoesOnWhileTheAnswerIsRead) {
  for (const bool refused : {false, true}) {
    const std::string status = refused ? "400 Bad Request" : "200 OK";
    RawServer server(loop_, {.answer = "HTTP/1.1 " + status + "\r\n\r\nfirst",
                             .after = Script::After::kHead,
                             .end = Script::End::kHold});
    Source source{.pieces = {"a", "b"}, .waits_on = &loop_};
    auto call = begin(put(server, source));
    ASSERT_TRUE(call) << call.error().message;
    EXPECT_EQ(said(run(call->read())), "first");
    EXPECT_EQ(source.sleeping == nullptr, refused);
    std::optional<Result<std::string_view>> piece;
    runtime::TaskGroup group;
    group.spawn(keep(call->read(), piece));
    turn();
    source.let_go();
    turn();
    EXPECT_EQ(server.received.ends_with("1\r\nb\r\n0\r\n\r\n"), !refused) << server.received;
    EXPECT_EQ(source.sleeping, nullptr);
  }
}

TEST_F(UploadTest, AnErrorOfTheSourceBehindTheHeadIsAnErrorOfReading) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\n\r\n", .after = Script::After::kHead, .end = Script::End::kHold});
  Source source{.pieces = {"a", "b"}, .waits_on = &loop_, .error = make_error("disk", "cannot read the file")};
  auto call = begin(put(server, source));
  ASSERT_TRUE(call) << call.error().message;
  source.let_go();
  EXPECT_EQ(said(run(call->read())), "disk: cannot read the file");
}

}  // namespace
}  // namespace gatehouse::client
