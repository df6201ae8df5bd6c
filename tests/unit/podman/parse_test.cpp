#include "parse.h"

#include <gtest/gtest.h>

namespace gatehouse::podman {

namespace {

TEST(PodmanErrors, AreToldApartByStatusAndCause) {
  const auto slug = [](int status, std::string_view body) { return parse_error(status, body).slug; };
  EXPECT_EQ(slug(404, R"({"cause":"no such container","message":"no container with name \"x\"","response":404})"), "podman-not-found");
  EXPECT_EQ(slug(500, R"({"cause":"image not known","message":"localhost/nope:1: image not known","response":500})"), "podman-not-found");
  EXPECT_EQ(slug(500, R"({"cause":"that name is already in use","message":"creating container","response":500})"), "podman-conflict");
  EXPECT_EQ(slug(500, R"({"cause":"volume already exists","message":"v1: volume already exists","response":500})"), "podman-conflict");
  EXPECT_EQ(slug(500, R"({"cause":"secret name in use","message":"s1: secret name in use","response":500})"), "podman-conflict");
  EXPECT_EQ(slug(409, R"({"message":"network name n1 already used"})"), "podman-conflict");
  EXPECT_EQ(slug(500, R"({"cause":"invalid argument","message":"bad value","response":500})"), "podman-refused");
  EXPECT_EQ(slug(404, "Not Found"), "podman-not-found");
}

TEST(PodmanErrors, CarryItsWordsOrTheStatus) {
  EXPECT_EQ(parse_error(500, R"({"cause":"a","message":"b"})").message, "b");
  EXPECT_EQ(parse_error(500, R"({"cause":"a"})").message, "a");
  EXPECT_EQ(parse_error(502, "<html>").message, "status 502");
  EXPECT_LE(parse_error(500, R"({"message":")" + std::string(100'000, 'x') + R"("})").message.size(), 2048u);
}

TEST(PodmanVersion, IsThreeNumbersAndPerhapsMore) {
  EXPECT_EQ(*parse_version("4.3.1"), (Version{4, 3, 1}));
  EXPECT_EQ(*parse_version("5.0.0-rc1"), (Version{5, 0, 0}));
  for (const char* bad : {"", "4", "4.3", "4.3.", "a.b.c", "-4.3.1", "4..1"}) EXPECT_FALSE(parse_version(bad)) << bad;
}

TEST(PodmanDetails, OfVersion4AreRead) {
  const auto details = parse_details(R"({"Id":"28a7","Name":"b","State":{"Status":"running","Pid":137,"ConmonPid":135,"ExitCode":0,
    "OOMKilled":false,"StartedAt":"2026-11-25T20:08:52.1417483Z","FinishedAt":"0001-01-01T00:00:00Z"},
    "Config":{"User":"999","Labels":{"k":"v"},"Entrypoint":"/bin/box","StopSignal":15},
    "NetworkSettings":{"Networks":{"n":{"IPAddress":"10.88.0.2"}}},
    "HostConfig":{"RestartPolicy":{"Name":""},"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"],"ShmSize":65536000}})");
  ASSERT_TRUE(details) << details.error().message;
  EXPECT_EQ(details->status, "running");
  EXPECT_EQ(details->pid, 137);
  EXPECT_EQ(details->monitor_pid, 135);
  EXPECT_EQ(details->started.time_since_epoch(), std::chrono::microseconds(1'795'637'332'141'748));
  EXPECT_EQ(details->finished, runtime::WallTime{});
  EXPECT_EQ(details->networks, (Labels{{"n", "10.88.0.2"}}));
  EXPECT_EQ(details->labels, (Labels{{"k", "v"}}));
  EXPECT_TRUE(details->read_only && details->no_new_privileges);
  EXPECT_EQ(details->user, "999");
}

TEST(PodmanDetails, OfVersion5AreReadToo) {
  const auto details = parse_details(R"({"Id":"28a7","Name":"b","State":{"Status":"exited","ExitCode":137,"OOMKilled":true,
    "StoppedByUser":true,"Error":"x"},"Config":{"Labels":null,"Entrypoint":["/bin/box"],"StopSignal":"SIGTERM"},
    "NetworkSettings":{"Networks":null},"HostConfig":{"RestartPolicy":{"Name":"no"},"SecurityOpt":null}})");
  ASSERT_TRUE(details) << details.error().message;
  EXPECT_EQ(details->exit_code, 137);
  EXPECT_TRUE(details->out_of_memory && details->stopped_by_user);
  EXPECT_EQ(details->error, "x");
  EXPECT_TRUE(details->labels.empty() && details->networks.empty());
}

TEST(PodmanDetails, WithoutIdNameOrStatusAreRefused) {
  for (const char* bad : {"", "[]", "null", "{}", R"({"Id":"a","Name":"b"})", R"({"Id":"a","State":{"Status":"running"}})",
                          R"({"Id":5,"Name":"b","State":{"Status":"running"}})", R"({"Id":"a","Name":"b","State":"running"})"})
    EXPECT_EQ(parse_details(bad).error().slug, "podman-bad-answer") << bad;
}

TEST(PodmanLists, AreListsWithNames) {
  EXPECT_EQ(parse_list(R"([{"Id":"a","Labels":{"k":"v"}},{"Id":"b","Labels":null}])")->size(), 2u);
  EXPECT_FALSE(parse_list(R"([{"Labels":{}}])"));
  EXPECT_FALSE(parse_list("{}"));
  EXPECT_EQ(*parse_volumes(R"([{"Name":"v1"}])"), std::vector<std::string>{"v1"});
  EXPECT_TRUE(parse_volumes("null")->empty());
  EXPECT_FALSE(parse_volumes(R"([{"Name":1}])"));
  EXPECT_EQ(*parse_secrets(R"([{"ID":"x","Spec":{"Name":"s1","Labels":null}}])"), std::vector<std::string>{"s1"});
  EXPECT_FALSE(parse_secrets(R"([{"ID":"x"}])"));
  const auto networks = parse_networks(R"([{"name":"n1","subnets":[{"subnet":"10.89.0.0/24"}],"labels":{"a":"b"}},{"name":"host"}])");
  ASSERT_TRUE(networks);
  EXPECT_EQ((*networks)[0].subnet, "10.89.0.0/24");
  EXPECT_EQ((*networks)[1].subnet, "");
}

TEST(PodmanImages, AreKnownByTheirId) {
  EXPECT_EQ(*parse_image(R"({"Id":"7fe4","Digest":"sha256:7dda"})"), "sha256:7fe4");
  EXPECT_EQ(*parse_image(R"({"Id":"sha256:7fe4"})"), "sha256:7fe4");
  EXPECT_FALSE(parse_image("{}"));
}

TEST(PodmanEvents, NameWhatHappenedAndToWhom) {
  const auto event = parse_event(R"({"status":"died","Type":"container","Action":"died","Actor":{"ID":"6dc2",
    "Attributes":{"containerExitCode":"3","io.gatehouse.service":"web"}},"timeNano":1795416371790288512})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->action, "died");
  EXPECT_EQ(event->attributes.at("io.gatehouse.service"), "web");
  EXPECT_EQ(event->time_ns, 1795416371790288512);
}

// A filter that it does not like is an error inside of an answer 200, before 5.0.
TEST(PodmanEvents, MayBeAnError) {
  EXPECT_EQ(parse_event(R"({"cause":"x","message":"invalid filter","response":500})").error().slug, "podman-refused");
  EXPECT_EQ(parse_event("{}").error().slug, "podman-bad-answer");
  EXPECT_EQ(parse_event("garbage").error().slug, "podman-bad-answer");
}

TEST(PodmanLines, ComeInAnyPieces) {
  for (std::size_t size = 1; size < 12; ++size) {
    LineSplitter lines(100);
    std::vector<std::string> out;
    const std::string text = "one\n\nthree\nfour";
    std::string line;
    for (std::size_t at = 0; at < text.size(); at += size) {
      EXPECT_TRUE(lines.feed(std::string_view(text).substr(at, size)));
      while (lines.next(line)) out.push_back(line);
    }
    EXPECT_EQ(out, (std::vector<std::string>{"one", "", "three"})) << size;
    EXPECT_EQ(lines.rest(), "four");
  }
}

TEST(PodmanLines, HaveALimit) {
  LineSplitter lines(10);
  EXPECT_TRUE(lines.feed("0123456789"));
  EXPECT_FALSE(lines.feed("x"));
  LineSplitter ended(10);
  EXPECT_TRUE(ended.feed(std::string(10, 'x') + "\n" + std::string(10, 'y')));
}

std::string frame(char stream, std::string_view text) {
  std::string out = {stream, 0, 0, 0, 0, 0, static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 255)};
  return out + std::string(text);
}

std::string told(const std::vector<LogLine>& lines) {
  std::string out;
  for (const LogLine& line : lines) out += (line.error_stream ? "e:" : "o:") + line.text + "|";
  return out;
}

TEST(PodmanLogs, AreLinesOfTwoStreamsInAnyPieces) {
  const std::string text = frame(1, "first\n") + frame(2, "bad") + frame(1, "long ") + frame(2, "ly\n") + frame(1, "line\nlast");
  for (std::size_t size = 1; size < text.size(); ++size) {
    LogReader reader(1000);
    std::vector<LogLine> lines;
    for (std::size_t at = 0; at < text.size(); at += size) ASSERT_TRUE(reader.feed(std::string_view(text).substr(at, size), lines));
    reader.finish(lines);
    EXPECT_EQ(told(lines), "o:first|e:badly|o:long line|o:last|") << size;
  }
}

TEST(PodmanLogs, CutALineThatIsTooLong) {
  LogReader reader(4);
  std::vector<LogLine> lines;
  EXPECT_TRUE(reader.feed(frame(1, "abcdefghij\n"), lines));
  EXPECT_EQ(told(lines), "o:abcd|o:efgh|o:ij|");
}

TEST(PodmanLogs, RefuseWhatIsNoFrame) {
  LogReader reader(100);
  std::vector<LogLine> lines;
  EXPECT_EQ(reader.feed("HTTP/1.1 200", lines).error().slug, "podman-bad-answer");
}

}  // namespace

}  // namespace gatehouse::podman
