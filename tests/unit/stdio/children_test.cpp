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

class ChildrenTest : public testing::Test {
 protected:
  ChildrenTest() : notes_(testing::TempDir() + "/children_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove(notes_);
    children_.set_limits({1 << 20, 1 << 16, 60s});
  }
  ~ChildrenTest() override { std::filesystem::remove(notes_); }

  std::shared_ptr<const Server> server(const std::string& script, std::uint32_t max_processes = 4) {
    auto server = std::make_shared<Server>();
    server->settings = {"s", {"sh", "-c", script}, {{"NOTES", notes_}}, max_processes, 10s, 2s};
    server->state = std::make_shared<ServerState>();
    return server;
  }
  std::shared_ptr<Submission> submission(const std::string& body) {
    auto made = std::make_shared<Submission>();
    made->body = body;
    made->messages.push_back(jsonrpc::scan(made->body));
    made->group = ++last_group_;
    made->inbox = std::make_shared<Inbox>(loop_, 1 << 16, [] {});
    return made;
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
  Observer observer_;
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
  children_.submit_shared(modern, "ada", call);
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

TEST_F(ChildrenTest, DrainingStartsNothingAndEndsIdleChildren) {
  const auto first = submission(kInitialize);
  children_.start_session(server("read -r line; printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\\n'; cat"), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  children_.drain();
  const auto late = submission(R"({"jsonrpc":"2.0","id":1,"method":"x"})");
  children_.submit_shared(server("cat"), "ada", late);
  EXPECT_EQ(answer(*late)->refusal.reason, "draining");
  EXPECT_TRUE(until([] { return runtime::live_processes() == 0; }));
}

TEST_F(ChildrenTest, DestructionKillsAtOnce) {
  std::optional<Children> children;
  children.emplace(loop_, observer_, [](const std::string&) {});
  children->set_limits({1 << 20, 1 << 16, 60s});
  const auto first = submission(kInitialize);
  children->start_session(server(kStubborn), first);
  ASSERT_EQ(answer(*first)->type, Event::Type::kResponse);
  children.reset();
  EXPECT_EQ(runtime::live_processes(), 0u);
}

}  // namespace
}  // namespace gatehouse::stdio
