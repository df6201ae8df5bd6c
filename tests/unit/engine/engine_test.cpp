// The engine against a server that says what Podman says: exactly one answer for each action, whatever the server does.
#include "gatehouse/engine/engine.h"

#include <gtest/gtest.h>

#include <deque>

#include "fakes/loop_runner.h"
#include "fakes/loop_server.h"
#include "gatehouse/services/known.h"

namespace gatehouse::engine {

namespace {

using namespace std::chrono_literals;
using Kind = supervisor::Answer::Kind;

std::string http(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class EngineTest : public ::testing::Test {
 protected:
  // What is asked for, without the version, and what is answered; nothing: 404.
  std::map<std::string, std::string> answers_;
  std::vector<std::string> asked_;

  std::string answer(const fakes::Asked& asked) {
    const std::string what = asked.method + " " + asked.target.substr(std::string("/v4.0.0/libpod").size());
    asked_.push_back(what);
    for (const auto& [prefix, text] : answers_)
      if (what.starts_with(prefix)) return text;
    return http(404, "Not Found");
  }

  supervisor::Answer perform(supervisor::Action action) {
    action.ticket = ++ticket_;
    told_.clear();
    engine_.carry_out(std::move(action));
    EXPECT_TRUE(runner_.until([&] { return !told_.empty(); }, 10s));
    runner_.loop.run_for_test(5ms);
    EXPECT_EQ(told_.size(), 1u);
    const auto* answered = std::get_if<supervisor::Answered>(&told_.front());
    EXPECT_TRUE(answered != nullptr && answered->ticket == ticket_);
    return answered == nullptr ? supervisor::Answer{} : answered->answer;
  }

  static std::string details(const std::string& id, const std::string& status) {
    return R"({"Id":")" + id + R"(","Name":"n-)" + id + R"(","State":{"Status":")" + status + R"("},"Config":{"Labels":{"io.gatehouse.project":"mcp"}}})";
  }

  std::uint64_t ticket_ = 0;
  std::deque<supervisor::Event> told_;
  std::map<std::string, Secret> secrets_;
  fakes::LoopRunner runner_;
  runtime::OffloadPool offload_{1};
  net::Resolver resolver_{runner_.loop, offload_};
  fakes::LoopServer server_{runner_.loop, 0, {.answer = [this](const fakes::Asked& asked) { return answer(asked); }}};
  podman::Client podman_{{runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = server_.port()}}};
  Engine engine_{{runner_.loop, resolver_}, podman_, {.project = "mcp", .instance = "me", .generated = "/g"},
                 {.tell = [this](supervisor::Event event) { told_.push_back(std::move(event)); },
                  .secret = [this](const std::string& name) {
                    const auto found = secrets_.find(name);
                    return found == secrets_.end() ? std::nullopt : std::optional(found->second);
                  }}};
};

TEST_F(EngineTest, ALookAtEverythingIsWhatIsThere) {
  answers_ = {{"GET /containers/json", http(200, R"([{"Id":"a","Labels":{}},{"Id":"gone","Labels":{}}])")},
              {"GET /containers/a/json", http(200, details("a", "exited"))},
              {"GET /networks/json", http(200, R"([{"name":"n","subnets":[{"subnet":"10.89.0.0/24"}],"labels":{"io.gatehouse.project":"mcp"}}])")},
              {"GET /volumes/json", http(200, R"([{"Name":"v"}])")},
              {"GET /secrets/json", http(200, R"([{"Spec":{"Name":"mcp-ours-1"}},{"Spec":{"Name":"mcp-theirs"}},{"Spec":{"Name":"other"}}])")},
              {"GET /secrets/mcp-ours-1/json", http(200, R"({"Spec":{"Name":"mcp-ours-1","Labels":{"io.gatehouse.project":"mcp"}}})")},
              {"GET /secrets/mcp-theirs/json", http(200, R"({"Spec":{"Name":"mcp-theirs","Labels":null}})")},
              {"GET /images/localhost%2Fbox%3A1/json", http(200, R"({"Id":"7fe4"})")}};
  const auto answer = perform({.what = supervisor::Observe{{"localhost/box:1", "localhost/none:1"}}});
  ASSERT_EQ(answer.kind, Kind::kDone) << answer.message;
  ASSERT_TRUE(answer.observation);
  ASSERT_EQ(answer.observation->containers.size(), 1u) << "one that went between the list and the look is gone";
  EXPECT_EQ(answer.observation->containers[0].status, services::Status::kExited);
  EXPECT_TRUE(answer.observation->networks.at(0).ours);
  EXPECT_TRUE(answer.observation->volumes.contains("v"));
  EXPECT_EQ(answer.observation->secrets, (std::set<std::string, std::less<>>{"mcp-ours-1"})) << "only those with our label";
  EXPECT_EQ(answer.observation->images, (services::Images{{"localhost/box:1", "sha256:7fe4"}}));
}

TEST_F(EngineTest, ALookThatFailsInTheMiddleIsNoLook) {
  answers_ = {{"GET /containers/json", http(200, R"([{"Id":"a","Labels":{}}])")}, {"GET /containers/a/json", http(200, "{\"Id\":")}};
  EXPECT_EQ(perform({.what = supervisor::Observe{}}).kind, Kind::kLost);
  answers_["GET /containers/a/json"] = http(500, R"({"message":"database is locked"})");
  EXPECT_EQ(perform({.service = "x", .what = supervisor::Inspect{}}).kind, Kind::kRefused);
}

// Every action, with an answer that is none.
TEST_F(EngineTest, WhateverPodmanSaysThereIsOneAnswer) {
  const auto spec = std::make_shared<services::Spec>(
      *services::resolve(services::default_service("box", services::Limits::kOn), {}, {}, "sha256:1"));
  secrets_["s"] = Secret("value");
  const std::vector<supervisor::Action> actions = {
      {.service = "x", .what = supervisor::Inspect{}},
      {.what = supervisor::Observe{}},
      {.what = supervisor::Pull{"a:1"}},
      {.what = supervisor::CreateNetwork{"n", ""}},
      {.what = supervisor::CreateVolume{"v"}},
      {.what = supervisor::CreateSecret{"mcp-s-1", {.name = "s"}}},
      {.what = supervisor::RemoveSecret{"mcp-s-1"}},
      {.service = "x", .what = supervisor::Create{"n", {}, spec}},
      {.service = "x", .what = supervisor::Start{"a"}},
      {.service = "x", .what = supervisor::Stop{"a", 1ms}},
      {.service = "x", .what = supervisor::Kill{"a"}},
      {.service = "x", .what = supervisor::Unpause{"a"}},
      {.service = "x", .what = supervisor::Remove{"a", true}},
      {.service = "x", .what = supervisor::UpdateLimits{"a", {}}},
      {.service = "x", .what = supervisor::Connect{"a", "n", {}}},
      {.service = "x", .what = supervisor::Disconnect{"a", "n"}}};
  for (const supervisor::Action& action : actions) {
    const std::string words = supervisor::describe(action);
    answers_ = {{"", http(500, R"({"message":"it broke"})")}};
    EXPECT_EQ(perform(action).kind, Kind::kRefused) << words;
    answers_ = {{"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"}};
    EXPECT_EQ(perform(action).kind, Kind::kLost) << words;
    answers_ = {{"", "nonsense\r\n\r\n"}};
    EXPECT_EQ(perform(action).kind, Kind::kLost) << words;
    answers_ = {{"", ""}};
    EXPECT_EQ(perform(action).kind, Kind::kLost) << words;
  }
}

TEST_F(EngineTest, AContainerIsMadeFromThePinnedImageWhenTheTagHasMoved) {
  const auto spec = std::make_shared<services::Spec>(
      *services::resolve(services::default_service("box", services::Limits::kOn), {}, {}, "sha256:old"));
  std::string body;
  fakes::LoopServer server(runner_.loop, 0, {.answer = [&](const fakes::Asked& asked) {
    if (asked.method == "POST") body = asked.body;
    return asked.method == "GET" ? http(200, R"({"Id":"new"})") : http(201, R"({"Id":"x"})");
  }});
  podman::Client client({runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = server.port()}});
  Engine engine({runner_.loop, resolver_}, client, {.project = "mcp", .instance = "me", .generated = "/g"},
                {.tell = [this](supervisor::Event event) { told_.push_back(std::move(event)); },
                 .secret = [](const std::string&) { return std::optional<Secret>(); }});
  engine.carry_out({.ticket = 1, .service = "box", .what = supervisor::Create{"n", {}, spec}});
  ASSERT_TRUE(runner_.until([&] { return !told_.empty(); }, 10s));
  EXPECT_NE(body.find(R"("image":"sha256:old")"), body.npos) << body;
}

TEST_F(EngineTest, ASecretWithoutAValueIsNotMade) {
  EXPECT_EQ(perform({.what = supervisor::CreateSecret{"mcp-s-1", {.name = "s"}}}).kind, Kind::kRefused);
  EXPECT_TRUE(asked_.empty());
}

// ---- probes

class ProbeTest : public EngineTest {
 protected:
  health::Outcome probe(health::ProbeSettings settings, std::string address = "127.0.0.1") {
    told_.clear();
    engine_.carry_out({.service = "x", .what = supervisor::SendProbe{++probe_, std::move(settings), "a", std::move(address), 2s}});
    EXPECT_TRUE(runner_.until([&] { return !told_.empty(); }, 10s));
    const auto* answered = told_.empty() ? nullptr : std::get_if<supervisor::ProbeAnswered>(&told_.front());
    EXPECT_TRUE(answered != nullptr && answered->probe == probe_);
    return answered == nullptr ? health::Outcome{} : answered->outcome;
  }
  std::uint64_t probe_ = 0;
  fakes::LoopServer web_{runner_.loop, 0, {.answer = [](const fakes::Asked& asked) {
                           return asked.target == "/ok" ? http(200, "fine") : asked.method == "POST" ? http(200, R"({"jsonrpc":"2.0"})") : http(503, "");
                         }}};
};

using Verdict = health::Outcome::Verdict;

TEST_F(ProbeTest, HttpLooksAtStatusAndBody) {
  EXPECT_EQ(probe({.kind = health::Kind::kHttp, .port = web_.port(), .path = "/ok"}).verdict, Verdict::kPassed);
  EXPECT_EQ(probe({.kind = health::Kind::kHttp, .port = web_.port(), .path = "/ok", .body = "fine"}).verdict, Verdict::kPassed);
  EXPECT_EQ(probe({.kind = health::Kind::kHttp, .port = web_.port(), .path = "/ok", .body = "good"}).verdict, Verdict::kFailed);
  EXPECT_EQ(probe({.kind = health::Kind::kHttp, .port = web_.port(), .path = "/bad"}).detail, "answered 503");
}

TEST_F(ProbeTest, McpAsksToInitialize) {
  EXPECT_EQ(probe({.kind = health::Kind::kMcp, .port = web_.port(), .path = "/mcp"}).verdict, Verdict::kPassed);
}

TEST_F(ProbeTest, ASocketThatListensPasses) {
  EXPECT_EQ(probe({.kind = health::Kind::kTcp, .port = web_.port()}).verdict, Verdict::kPassed);
  EXPECT_EQ(probe({.kind = health::Kind::kTcp, .port = 1}).verdict, Verdict::kFailed);
  EXPECT_EQ(probe({.kind = health::Kind::kUnix, .path = "/nowhere/x.sock"}).verdict, Verdict::kFailed);
  EXPECT_EQ(probe({.kind = health::Kind::kTcp, .port = web_.port()}, "").verdict, Verdict::kFailed);
}

TEST_F(ProbeTest, ADatabaseThatIsNotThereFails) {
  EXPECT_EQ(probe({.kind = health::Kind::kRedis, .port = 1}).verdict, Verdict::kFailed);
  EXPECT_EQ(probe({.kind = health::Kind::kPostgres, .port = 1, .user = "u", .database = "d"}).verdict, Verdict::kFailed);
}

TEST_F(ProbeTest, ACommandIsRunByPodman) {
  const health::ProbeSettings exec{.kind = health::Kind::kExec, .command = {"/bin/check"}};
  answers_ = {{"GET /containers/a/healthcheck", http(200, R"({"Status":"healthy"})")}};
  EXPECT_EQ(probe(exec).verdict, Verdict::kPassed);
  answers_ = {{"GET /containers/a/healthcheck", http(200, R"({"Status":"unhealthy","Log":[{"Output":"no disk"}]})")}};
  EXPECT_EQ(probe(exec).detail, "no disk");
  answers_ = {{"GET /containers/a/healthcheck", http(409, R"({"message":"container is not running"})")}};
  EXPECT_EQ(probe(exec).verdict, Verdict::kFailed);
  answers_ = {{"GET /containers/a/healthcheck", ""}};
  EXPECT_EQ(probe(exec).verdict, Verdict::kCannotAsk) << "Podman is away: that says nothing about the service";
}

// Podman before 5.6 does not end a command that hangs.
TEST_F(ProbeTest, ThereIsOneCommandAtATime) {
  auto listening = net::listen({.host = "127.0.0.1", .port = 0});  // takes connections, and never answers
  ASSERT_TRUE(listening);
  podman::Client client({runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = net::local_endpoint(listening->get())->port()}});
  Engine engine({runner_.loop, resolver_}, client, {.project = "mcp", .instance = "me", .generated = "/g"},
                {.tell = [this](supervisor::Event event) { told_.push_back(std::move(event)); },
                 .secret = [](const std::string&) { return std::optional<Secret>(); }});
  const health::ProbeSettings exec{.kind = health::Kind::kExec, .command = {"/bin/check"}};
  engine.carry_out({.service = "x", .what = supervisor::SendProbe{1, exec, "a", "", 2s}});
  engine.carry_out({.service = "x", .what = supervisor::GiveUpProbe{1}});
  engine.carry_out({.service = "x", .what = supervisor::SendProbe{2, exec, "a", "", 2s}});
  ASSERT_EQ(told_.size(), 1u);
  const auto& answered = std::get<supervisor::ProbeAnswered>(told_.front());
  EXPECT_EQ(answered.probe, 2u);
  EXPECT_EQ(answered.outcome.verdict, Verdict::kFailed);
}

TEST_F(ProbeTest, OneThatIsGivenUpSaysNothing) {
  auto listening = net::listen({.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(listening);
  const std::uint16_t port = net::local_endpoint(listening->get())->port();
  engine_.carry_out({.service = "x", .what = supervisor::SendProbe{1, {.kind = health::Kind::kHttp, .port = port}, "a", "127.0.0.1", 2s}});
  runner_.loop.run_for_test(5ms);
  engine_.carry_out({.service = "x", .what = supervisor::GiveUpProbe{1}});
  runner_.loop.run_for_test(20ms);
  EXPECT_TRUE(told_.empty());
}

// ---- what happens by itself

TEST_F(EngineTest, ItTellsWhenPodmanIsLostOnceAndWhatHappensBefore) {
  answers_ = {{"GET /_ping", "HTTP/1.1 200 OK\r\nLibpod-API-Version: 4.3.1\r\nContent-Length: 0\r\n\r\n"},
              {"GET /events", http(200, R"({"Type":"container","Action":"died","Actor":{"ID":"a","Attributes":{"io.gatehouse.service":"web"}}})" "\n")}};
  engine_.begin();
  ASSERT_TRUE(runner_.until([&] { return told_.size() >= 4; }, 10s));
  EXPECT_EQ(std::get<supervisor::Changed>(told_[0]).service, "web");
  EXPECT_TRUE(std::holds_alternative<supervisor::EngineLost>(told_[1]));
  EXPECT_TRUE(std::holds_alternative<supervisor::EngineBack>(told_[2]));
  EXPECT_EQ(std::get<supervisor::Changed>(told_[3]).service, "web");
}

}  // namespace

}  // namespace gatehouse::engine
