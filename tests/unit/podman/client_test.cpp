// The client against a server that says what Podman says, and what it says when it is broken.
#include "gatehouse/podman/client.h"

#include <gtest/gtest.h>

#include "fakes/loop_runner.h"
#include "fakes/loop_server.h"

namespace gatehouse::podman {

namespace {

using namespace std::chrono_literals;

class PodmanClientTest : public ::testing::Test {
 protected:
  // Answers every request with this.
  void says(std::string answer) { answer_ = std::move(answer); }
  void says(int status, const std::string& body) {
    says("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  Client client(Deadlines deadlines = {}) {
    return Client({runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = server_.port()}}, deadlines);
  }
  static std::string slug(const Status& status) { return status ? "" : status.error().slug; }

  fakes::LoopRunner runner_;
  runtime::OffloadPool offload_{1};
  net::Resolver resolver_{runner_.loop, offload_};
  std::string answer_;
  std::vector<fakes::Asked> asked_;
  fakes::LoopServer server_{runner_.loop, 0, {.answer = [this](const fakes::Asked& asked) {
                              asked_.push_back(asked);
                              return answer_;
                            }}};
};

TEST_F(PodmanClientTest, AsksForAVersionInThePath) {
  says(204, "");
  Client podman = client();
  EXPECT_TRUE(runner_.run(podman.start("a b/c")));
  EXPECT_EQ(asked_.at(0).method, "POST");
  EXPECT_EQ(asked_.at(0).target, "/v4.0.0/libpod/containers/a%20b%2Fc/start");
}

TEST_F(PodmanClientTest, TakesTheVersionFromAHeader) {
  says("HTTP/1.1 200 OK\r\nLibpod-Api-Version: 4.3.1\r\nContent-Length: 2\r\n\r\nOK");
  Client podman = client();
  EXPECT_EQ(*runner_.run(podman.ping()), (Version{4, 3, 1}));
}

TEST_F(PodmanClientTest, WhatIsSoAlreadyIsDone) {
  Client podman = client();
  says("HTTP/1.1 304 Not Modified\r\n\r\n");
  EXPECT_EQ(slug(runner_.run(podman.start("a"))), "");
  EXPECT_EQ(slug(runner_.run(podman.stop("a", 5s))), "");
  says(404, R"({"cause":"no such container","message":"x","response":404})");
  EXPECT_EQ(slug(runner_.run(podman.remove("a", false))), "");
  EXPECT_EQ(slug(runner_.run(podman.remove_secret("a"))), "");
  EXPECT_EQ(slug(runner_.run(podman.start("a"))), "podman-not-found");
  says(500, R"({"cause":"volume already exists","message":"x","response":500})");
  EXPECT_EQ(slug(runner_.run(podman.create_volume("v", {}))), "");
  says(409, R"({"cause":"network already exists","message":"x","response":409})");
  EXPECT_EQ(slug(runner_.run(podman.create_network("n", "", {}))), "");
}

TEST_F(PodmanClientTest, ANameThatIsTakenIsAConflict) {
  says(500, R"({"cause":"that name is already in use","message":"x","response":500})");
  Client podman = client();
  EXPECT_EQ(runner_.run(podman.create({.name = "a", .image = "b"})).error().slug, "podman-conflict");
}

TEST_F(PodmanClientTest, StopRoundsItsGraceUp) {
  says(204, "");
  Client podman = client();
  (void)runner_.run(podman.stop("a", 1'001ms));
  (void)runner_.run(podman.stop("a", std::nullopt));
  EXPECT_EQ(asked_.at(0).target, "/v4.0.0/libpod/containers/a/stop?timeout=2");
  EXPECT_EQ(asked_.at(1).target, "/v4.0.0/libpod/containers/a/stop");
}

TEST_F(PodmanClientTest, AnAnswerThatIsCutOffIsLost) {
  says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Id\":");
  Client podman = client();
  EXPECT_EQ(runner_.run(podman.inspect("a")).error().slug, "podman-lost");
  EXPECT_EQ(runner_.run(podman.create({.name = "a", .image = "b"})).error().slug, "podman-lost");
  EXPECT_EQ(asked_.size(), 2u) << "nothing is asked twice";
}

TEST_F(PodmanClientTest, NoAnswerIsATimeout) {
  fakes::LoopServer silent(runner_.loop, 0, {});  // closes at once: not what is wanted here
  auto listening = net::listen({.host = "127.0.0.1", .port = 0});
  ASSERT_TRUE(listening);
  Client podman({runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = net::local_endpoint(listening->get())->port()}},
                {.look = 60ms, .change = 60ms, .after_grace = 60ms, .pull_idle = 60ms});
  EXPECT_EQ(runner_.run(podman.inspect("a")).error().slug, "podman-timeout");
  EXPECT_EQ(slug(runner_.run(podman.start("a"))), "podman-timeout");
  EXPECT_EQ(slug(runner_.run(podman.stop("a", 10ms))), "podman-timeout");
  EXPECT_EQ(runner_.run(podman.pull("x", false, [](const PullProgress&) {})).error().slug, "podman-timeout");
}

TEST_F(PodmanClientTest, NobodyThereIsUnreachable) {
  Client podman({runner_.loop, resolver_}, client::unix_peer("/nowhere/podman.sock"));
  EXPECT_EQ(runner_.run(podman.ping()).error().slug, "podman-unreachable");
}

TEST_F(PodmanClientTest, GarbageIsABadAnswer) {
  says(200, "<html>");
  Client podman = client();
  EXPECT_EQ(runner_.run(podman.inspect("a")).error().slug, "podman-bad-answer");
  EXPECT_EQ(runner_.run(podman.list("k=v")).error().slug, "podman-bad-answer");
  EXPECT_EQ(runner_.run(podman.networks()).error().slug, "podman-bad-answer");
  EXPECT_EQ(runner_.run(podman.ping()).error().slug, "podman-bad-answer");
}

TEST_F(PodmanClientTest, AnAnswerThatIsTooLargeIsRefused) {
  says(200, std::string(2 * 1024 * 1024, ' '));
  Client podman = client();
  EXPECT_EQ(runner_.run(podman.inspect("a")).error().slug, "podman-bad-answer");
}

TEST_F(PodmanClientTest, APullTellsItsProgressAndItsImage) {
  says(200, "{\"stream\":\"Copying blob\\n\"}\n{\"images\":[\"7fe4\"],\"id\":\"7fe4\"}\n");
  Client podman = client();
  std::string heard;
  const auto pulled = runner_.run(podman.pull("docker.io/a:1", true, [&](const PullProgress& said) { heard += said.text + ";"; }));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(*pulled, "sha256:7fe4");
  EXPECT_EQ(heard, "Copying blob;;");
  EXPECT_EQ(asked_.at(0).target, "/v4.0.0/libpod/images/pull?policy=newer&reference=docker.io%2Fa%3A1");
}

TEST_F(PodmanClientTest, APullThatFailsSaysSoInsideOfASuccess) {
  says(200, "{\"stream\":\"Trying\\n\"}\n{\"error\":\"manifest unknown\"}\n");
  Client podman = client();
  const auto pulled = runner_.run(podman.pull("a:1", false, [](const PullProgress&) {}));
  EXPECT_EQ(pulled.error().slug, "podman-refused");
  EXPECT_EQ(pulled.error().message, "manifest unknown");
}

TEST_F(PodmanClientTest, APullThatEndsWithoutAResultIsLost) {
  says(200, "{\"stream\":\"Trying\\n\"}\n");
  Client podman = client();
  EXPECT_EQ(runner_.run(podman.pull("a:1", false, [](const PullProgress&) {})).error().slug, "podman-lost");
}

TEST_F(PodmanClientTest, EventsAreToldUntilTheStreamEnds) {
  says(200, "{\"Type\":\"container\",\"Action\":\"died\",\"Actor\":{\"ID\":\"a\"}}\n{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"b\"}}\n");
  Client podman = client();
  std::string heard;
  bool opened = false;
  const Status ended = runner_.run(podman.events("k=v", [&] { opened = true; }, [&](const Event& event) {
    heard += event.action + " " + event.id + ";";
    return true;
  }));
  EXPECT_EQ(slug(ended), "podman-lost");
  EXPECT_EQ(heard, "died a;start b;");
  EXPECT_TRUE(opened);
}

TEST_F(PodmanClientTest, AnErrorInTheMiddleOfEventsEndsThem) {
  says(200, "{\"Type\":\"container\",\"Action\":\"died\"}\n{\"cause\":\"x\",\"message\":\"broken\",\"response\":500}\n");
  Client podman = client();
  EXPECT_EQ(slug(runner_.run(podman.events("k=v", [] {}, [](const Event&) { return true; }))), "podman-refused");
}

std::string frame(char stream, const std::string& bytes) {
  return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(bytes.size())} + bytes;
}

class PodmanExecTest : public PodmanClientTest {
 protected:
  // The three answers of one program: made, its streams, its end.
  void runs(std::string streams, std::string end) {
    answers_ = {"HTTP/1.1 201 X\r\nContent-Length: 10\r\n\r\n{\"Id\":\"e\"}",
                "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n" + std::move(streams),
                "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(end.size()) + "\r\n\r\n" + end};
  }
  Result<int> exec() {
    Client podman({runner_.loop, resolver_}, {.address = {.host = "127.0.0.1", .port = scripted_.port()}});
    return runner_.run(podman.exec("c", {.argv = {"pg_dump", "-Fc"}, .user = "70"}, nullptr, [this](bool error_stream, std::string bytes) -> runtime::Task<Status> {
      return take(heard_, error_stream, std::move(bytes));
    }, 5s));
  }
  static runtime::Task<Status> take(std::string& heard, bool error_stream, std::string bytes) {
    heard += (error_stream ? "E" : "O") + bytes;
    co_return Status();
  }

  std::string heard_;
  std::vector<std::string> answers_;
  std::size_t answered_ = 0;
  fakes::LoopServer scripted_{runner_.loop, 0, {.answer = [this](const fakes::Asked& asked) {
                                asked_.push_back(asked);
                                return answers_.at(answered_++);
                              }}};
};

TEST_F(PodmanExecTest, TheStreamsComeApartAndTheCodeFollows) {
  runs(frame(1, "PGDMP") + frame(2, "a warning") + frame(1, "..."), R"({"Running":false,"ExitCode":3})");
  const auto code = exec();
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(*code, 3);
  EXPECT_EQ(heard_, "OPGDMP...Ea warning");
  EXPECT_EQ(asked_.at(0).target, "/v4.0.0/libpod/containers/c/exec");
  EXPECT_EQ(asked_.at(0).body, R"({"AttachStderr":true,"AttachStdin":true,"AttachStdout":true,"Cmd":["pg_dump","-Fc"],"Env":[],"Tty":false,"User":"70"})");
  EXPECT_EQ(asked_.at(1).target, "/v4.0.0/libpod/exec/e/start");
}

TEST_F(PodmanExecTest, WhatIsCutOffIsNoSuccess) {
  runs(frame(1, "PGDMP").substr(0, 10), R"({"Running":false,"ExitCode":0})");
  EXPECT_EQ(exec().error().slug, "podman-lost");
}

TEST_F(PodmanExecTest, AProgramThatRunsOnIsNoSuccess) {
  runs(frame(1, "PGDMP"), R"({"Running":true,"ExitCode":0})");
  EXPECT_EQ(exec().error().slug, "podman-lost");
}

TEST_F(PodmanExecTest, AnEndThatIsNotToldIsNoSuccess) {
  runs(frame(1, "PGDMP"), R"({"ExitCode":"0"})");
  EXPECT_EQ(exec().error().slug, "podman-bad-answer");
}

TEST_F(PodmanClientTest, SecretsGoAsTheyAre) {
  says(200, R"({"ID":"x"})");
  Client podman = client();
  EXPECT_TRUE(runner_.run(podman.create_secret("mcp-pw-1", Secret("s3cret"), {{"a", "b"}})));
  EXPECT_EQ(asked_.at(0).body, "s3cret");
  EXPECT_EQ(asked_.at(0).target, "/v4.0.0/libpod/secrets/create?name=mcp-pw-1&driver=file&labels=%7B%22a%22%3A%22b%22%7D");
}

TEST_F(PodmanClientTest, SocketsAreUnixOrTls) {
  EXPECT_EQ(peer_of("unix:///run/podman/podman.sock")->address.host, "/run/podman/podman.sock");
  for (const char* bad : {"", "/run/podman.sock", "unix://relative", "tcp://127.0.0.1:8080", "ssh://host"})
    EXPECT_EQ(peer_of(bad).error().slug, "bad-socket") << bad;
}

}  // namespace

}  // namespace gatehouse::podman
