// Children with real processes and a clock that stands still: how they start, stop and are stopped.
#include "gatehouse/stdio/children.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fakes/manual_clock.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::stdio {
namespace {

using namespace std::chrono_literals;

constexpr const char* kInitialize = R"({"jsonrpc":"2.0","id":"i","method":"initialize"})";

// Answers the first line, then notes on a file what happens to it; only SIGKILL ends it.
constexpr const char* kStubborn = R"SH(
trap 'echo term >> "$NOTES"' TERM
read -r line; printf '{"jsonrpc":"2.0","id":1,"result":{}}\n'
while read -r line; do :; done
echo eof >> "$NOTES"
while :; do sleep 0.02; done)SH";

// Answers its first line for both eras, floods after the second one, answers call 3, notes what is cancelled.
constexpr const char* kFlood = R"SH(
read -r line; printf '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}\n'
read -r line; i=0
while [ $i -lt 50 ]; do printf '{"jsonrpc":"2.0","method":"notifications/%s,"message":"%01000d"}}\n' "$KIND" $i; i=$((i+1)); done
while read -r line; do
  case "$line" in *cancelled*) echo cancelled >> "$NOTES";; *) printf '{"jsonrpc":"2.0","id":3,"result":{}}\n';; esac
done)SH";

class CountingObserver final : public Observer {
 public:
  void dropped_message(std::string_view, std::string_view reason) override { ++dropped[std::string(reason)]; }
  std::map<std::string, int> dropped;
};

class ChildrenTest : public testing::Test {
 protected:
  ChildrenTest() : notes_(testing::TempDir() + "/children_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove(notes_);
    children_.set_limits({1 << 20, 1 << 20, 1 << 16, 60s});
  }
  ~ChildrenTest() override { std::filesystem::remove(notes_); }

  std::shared_ptr<const Server> server(const std::string& script, std::uint32_t max_processes = 4, const std::string& kind = {}) {
    auto server = std::make_shared<Server>();
    server->settings = {"s", {"sh", "-c", script}, {{"NOTES", notes_}, {"KIND", kind}}, max_processes, 10s, 2s};
    server->state = std::make_shared<ServerState>();
    return server;
  }
  std::shared_ptr<Submission> submission(const std::string& body, std::size_t inbox_bytes = 1 << 16) {
    auto made = std::make_shared<Submission>();
    made->body = body;
    made->messages.push_back(jsonrpc::scan(made->body));
    made->group = ++last_group_;
    made->inbox = std::make_shared<Inbox>(loop_, inbox_bytes, [] {});
    return made;
  }
  // Everything up to the end of the exchange.
  static std::vector<Event> read_all(Inbox& inbox) {
    std::vector<Event> events;
    while (auto event = inbox.pop()) events.push_back(std::move(*event));
    return events;
  }
  template <class Done>
  bool until(Done done) {
    for (int i = 0; i < 500; ++i) {
      if (done()) return true;  // asked once more, it might take the next event
      loop_.run_for_test(10ms);
    }
    return false;
  }
  std::optional<Event> answer(const Submission& to) {
    std::optional<Event> event;
    until([&] { return (event = to.inbox->pop()).has_value(); });
    return event;
  }
  std::string notes() const {
    std::ifstream file(notes_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fakes::ManualClock clock_;
  runtime::Loop loop_{clock_};
  CountingObserver observer_;
  std::string notes_;
  std::vector<std::string> ended_;
  Children children_{loop_, observer_, [this](const std::string& session) { ended_.push_back(session); }};
  std::uint64_t last_group_ = 0;
};

TEST_F(ChildrenTest, StopsWithEndOfInputThenSigtermThenSigkill) {
  const auto first = submission(kInitialize);
  children_.start_session(server(kStubborn), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  ASSERT_TRUE(children_.bind(first->group, "session"));
  children_.stop(first->group, "test");
  EXPECT_FALSE(children_.bind(first->group, "another")) << "it is going";
  EXPECT_TRUE(until([&] { return notes() == "eof\n"; })) << notes();
  clock_.advance(1900ms);
  loop_.run_for_test(60ms);
  EXPECT_EQ(notes(), "eof\n") << "SIGTERM before the time of grace";
  clock_.advance(100ms);
  EXPECT_TRUE(until([&] { return notes() == "eof\nterm\n"; })) << notes();
  EXPECT_EQ(runtime::live_processes(), 1u);
  EXPECT_TRUE(ended_.empty());
  clock_.advance(2s);
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
  EXPECT_EQ(ended_, std::vector<std::string>{"session"});
}

TEST_F(ChildrenTest, AServerThatDoesNotAnswerInTimeIsStopped) {
  const auto first = submission(kInitialize);
  const auto quiet = server("while read -r line; do :; done");
  children_.start_session(quiet, first);
  clock_.advance(9s);
  loop_.run_for_test(20ms);
  EXPECT_FALSE(first->inbox->pop());
  clock_.advance(1s);
  const auto event = answer(*first);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->refusal.status, 504);
  EXPECT_EQ(event->refusal.reason, "start_timeout");
  EXPECT_EQ(quiet->state->last_error(), "no answer to initialize in time");
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
  EXPECT_EQ(quiet->state->processes(), 0u);
}

TEST_F(ChildrenTest, ASharedChildEndsWhenItIsIdle) {
  const auto modern = server(R"SH(
read -r line; printf '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}\n'
while read -r line; do printf '{"jsonrpc":"2.0","id":2,"result":{}}\n'; done)SH");
  const auto call = submission(R"({"jsonrpc":"2.0","id":"c","method":"x"})");
  children_.submit_shared(modern, {"ada", 1}, call);
  const auto event = answer(*call);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->bytes, R"({"jsonrpc":"2.0","id":"c","result":{}})");
  children_.release(call->group, true);
  clock_.advance(59s);
  loop_.run_for_test(20ms);
  EXPECT_EQ(runtime::live_processes(), 1u);
  clock_.advance(1s);
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
}

TEST_F(ChildrenTest, RefusesWhatCannotBeStarted) {
  const auto absent = submission(kInitialize);
  auto nothing = std::make_shared<Server>(Server{{"s", {"/nonexistent/server"}, {}, 4, 10s, 2s}, std::make_shared<ServerState>()});
  children_.start_session(nothing, absent);
  EXPECT_EQ(answer(*absent)->refusal.reason, "start_failed");
  EXPECT_NE(nothing->state->last_error(), "");
  const auto one = server(kStubborn, 1);
  const auto first = submission(kInitialize), second = submission(kInitialize);
  children_.start_session(one, first);
  children_.start_session(one, second);
  EXPECT_EQ(answer(*second)->refusal.reason, "process_limit");
  EXPECT_EQ(answer(*first)->type, Event::Type::kResponse);
  const auto late = submission(kInitialize);
  children_.submit(12345, late);
  EXPECT_EQ(answer(*late)->refusal.reason, "session_gone");
}

TEST_F(ChildrenTest, AReaderThatIsBehindHoldsUpNobodyElseOfASharedChild) {
  const auto modern = server(kFlood, 4, R"(progress","params":{"progressToken":2)");
  const auto slow = submission(R"({"jsonrpc":"2.0","id":"slow","method":"x","params":{"_meta":{"progressToken":"t"}}})", 1000);
  children_.submit_shared(modern, {"ada", 1}, slow);
  clock_.advance(1s);
  loop_.run_for_test(100ms);
  const auto other = submission(R"({"jsonrpc":"2.0","id":"other","method":"x"})");
  children_.submit_shared(modern, {"ada", 1}, other);
  const auto event = answer(*other);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->bytes, R"({"jsonrpc":"2.0","id":"other","result":{}})");
  const auto seen = read_all(*slow->inbox);
  ASSERT_GE(seen.size(), 2u);
  EXPECT_LT(seen.size(), 50u) << "more was kept than the mailbox holds";
  EXPECT_EQ(seen.back().id, "\"slow\"");
  EXPECT_EQ(seen.back().refusal.reason, "slow_client");
  EXPECT_TRUE(until([&] { return notes() == "cancelled\n"; })) << "the server works on";
  EXPECT_EQ(observer_.dropped["slow_client"], 1);
}

TEST_F(ChildrenTest, AReaderThatFallsBehindIsLetGoWhenSomebodyWaitsAlready) {
  const auto modern = server(kFlood, 4, R"(progress","params":{"progressToken":2)");
  const auto slow = submission(R"({"jsonrpc":"2.0","id":"slow","method":"x","params":{"_meta":{"progressToken":"t"}}})", 1000);
  const auto other = submission(R"({"jsonrpc":"2.0","id":"other","method":"x"})");
  children_.submit_shared(modern, {"ada", 1}, slow);
  children_.submit_shared(modern, {"ada", 1}, other);
  ASSERT_TRUE(answer(*other));
  EXPECT_EQ(read_all(*slow->inbox).back().refusal.reason, "slow_client");
}

TEST_F(ChildrenTest, AReaderThatIsBehindHoldsUpTheServerAsLongAsItIsAlone) {
  const auto modern = server(kFlood, 4, R"(progress","params":{"progressToken":2)");
  const auto slow = submission(R"({"jsonrpc":"2.0","id":"slow","method":"x","params":{"_meta":{"progressToken":"t"}}})", 1000);
  slow->inbox = std::make_shared<Inbox>(loop_, 1000, [&] { children_.resume(slow->group); });
  children_.submit_shared(modern, {"ada", 1}, slow);
  std::size_t messages = 0;
  EXPECT_TRUE(until([&] {
    while (const auto event = slow->inbox->pop()) messages += event->type == Event::Type::kMessage;
    return messages == 50;
  })) << messages;
  EXPECT_TRUE(observer_.dropped.empty());
}

TEST_F(ChildrenTest, ALargeAnswerThatIsNotFetchedHoldsUpNobody) {
  const auto modern = server(R"SH(
read -r line; printf '{"jsonrpc":"2.0","id":1,"result":{"supportedVersions":["2026-07-28"]}}\n'
n=2; while read -r line; do printf '{"jsonrpc":"2.0","id":%d,"result":"%02000d"}\n' $n 1; n=$((n+1)); done)SH");
  const auto first = submission(R"({"jsonrpc":"2.0","id":"one","method":"x"})", 1000), second = submission(R"({"jsonrpc":"2.0","id":"two","method":"x"})");
  children_.submit_shared(modern, {"ada", 1}, first);
  loop_.run_for_test(100ms);
  children_.submit_shared(modern, {"ada", 1}, second);
  ASSERT_TRUE(answer(*second));
  const auto seen = read_all(*first->inbox);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].type, Event::Type::kResponse);
  EXPECT_TRUE(observer_.dropped.empty());
}

TEST_F(ChildrenTest, AStreamThatNobodyReadsHoldsUpNoAnswer) {
  const auto first = submission(kInitialize), other = submission(R"({"jsonrpc":"2.0","id":"other","method":"x"})");
  children_.start_session(server(kFlood, 4, R"(message","params":{"data":1)"), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  children_.release(first->group, false);
  const auto stream = std::make_shared<Inbox>(loop_, 1000, [] {});
  children_.listen(first->group, ++last_group_, stream);
  auto note = submission(R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  note->inbox.reset();
  EXPECT_FALSE(children_.submit(first->group, note));
  loop_.run_for_test(100ms);
  const auto unanswered = submission(R"({"jsonrpc":"2.0","id":"two","method":"x"})");
  children_.submit(first->group, unanswered);
  children_.submit(first->group, other);
  ASSERT_TRUE(answer(*other));
  const auto seen = read_all(*stream);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().type, Event::Type::kClosed);
  EXPECT_EQ(observer_.dropped["slow_client"], 1);
}

TEST_F(ChildrenTest, AnAnswerThatIsTooLargeFailsItsCall) {
  children_.set_limits({1 << 20, 1000, 1 << 16, 60s});
  const auto first = submission(kInitialize);
  children_.start_session(server(R"SH(read -r line; printf '{"jsonrpc":"2.0","id":1,"result":"%02000d"}\n' 1; cat)SH"), first);
  const auto event = answer(*first);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, Event::Type::kFailed);
  EXPECT_EQ(event->id, "\"i\"");
  EXPECT_EQ(event->refusal.status, 502);
  EXPECT_EQ(event->refusal.reason, "answer_too_large");
}

TEST_F(ChildrenTest, AServerThatEndsAtOnceLeavesItsReason) {
  const auto first = submission(kInitialize);
  const auto broken = server("echo 'no such module' >&2; exit 7");
  children_.start_session(broken, first);
  const auto event = answer(*first);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->refusal.status, 502);
  EXPECT_EQ(event->refusal.reason, "server_exited");
  EXPECT_NE(event->refusal.message.find("exit code 7"), std::string::npos) << event->refusal.message;
  EXPECT_EQ(broken->state->last_error(), "ended with exit code 7: no such module");
}

TEST_F(ChildrenTest, AServerThatClosesItsOutputIsStopped) {
  const auto first = submission(kInitialize);
  const auto closed = server("exec >&-; while read -r line; do :; done");
  children_.start_session(closed, first);
  loop_.run_for_test(100ms);
  EXPECT_FALSE(first->inbox->pop()) << "it may still say why it ended";
  clock_.advance(200ms);
  const auto event = answer(*first);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->refusal.reason, "output_closed");
  EXPECT_EQ(closed->state->last_error(), "lives on without its pipes: output_closed");
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
}

TEST_F(ChildrenTest, NotificationsThatAServerDoesNotReadAreRefusedAndCounted) {
  children_.set_limits({1000, 1000, 1000, 60s});
  const auto first = submission(kInitialize);
  children_.start_session(server("sleep 600 & wait"), first);
  auto note = submission(R"({"jsonrpc":"2.0","method":"notifications/x","params":{"a":")" + std::string(200'000, 'y') + "\"}}");
  note->inbox.reset();
  EXPECT_FALSE(children_.submit(first->group, note));
  loop_.run_for_test(50ms);
  const jsonrpc::Refusal refusal = children_.submit(first->group, note);
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal.reason, "server_busy");
  EXPECT_EQ(observer_.dropped["server_busy"], 1);
  EXPECT_EQ(children_.submit(12345, note).reason, "session_gone");
}

TEST_F(ChildrenTest, DrainingStartsNothingAndEndsIdleChildren) {
  const auto first = submission(kInitialize);
  children_.start_session(server("read -r line; printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\\n'; cat"), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  children_.drain();
  const auto late = submission(R"({"jsonrpc":"2.0","id":1,"method":"x"})");
  children_.submit_shared(server("cat"), {"ada", 1}, late);
  EXPECT_EQ(answer(*late)->refusal.reason, "draining");
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
}

TEST_F(ChildrenTest, DestructionKillsAtOnce) {
  std::optional<Children> children;
  children.emplace(loop_, observer_, [](const std::string&) {});
  children->set_limits({1 << 20, 1 << 20, 1 << 16, 60s});
  const auto first = submission(kInitialize);
  children->start_session(server(kStubborn), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  children.reset();
  EXPECT_EQ(runtime::live_processes(), 0u);
}

}  // namespace
}  // namespace gatehouse::stdio
